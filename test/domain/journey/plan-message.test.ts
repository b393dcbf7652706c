import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeOfSlot, slotOf } from '../../../src/domain/journey/plan-message.ts'

test('a slot is the node’s for the first rung, and tells its node for every other', () => {
  expect([slotOf('mail', 0), slotOf('mail', 2)]).toEqual(['mail', 'mail#2'])
  const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
  fc.assert(
    fc.property(key, key, fc.nat(9), fc.nat(9), (node, other, rung, another) => {
      expect(nodeOfSlot(slotOf(node, rung))).toBe(node)
      expect(slotOf(node, rung) === slotOf(other, another)).toBe(node === other && rung === another)
    }),
  )
})
