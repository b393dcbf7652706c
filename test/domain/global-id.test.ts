import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeGlobalId } from '../../src/domain/global-id.ts'

test('is base64url without padding, and can be read back', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z]{1,20}$/), fc.stringMatching(/^[\x20-\x7e]{0,60}$/), (type, id) => {
      const encoded = encodeGlobalId(type, id)
      expect(encoded).toBe(Buffer.from(`${type}:${id}`).toString('base64url'))
    }),
  )
})
