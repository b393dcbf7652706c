import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVault } from '../../src/store/vault.ts'

const master = Buffer.alloc(32, 7)

test('what was sealed opens, sealed twice differs, and an altered byte anywhere is refused', () => {
  const vault = createVault(master)
  const keys = vault.open(vault.createDataKey())
  const sealed = keys.seal('ada@example.com')
  expect(keys.open(sealed)).toBe('ada@example.com')
  expect(keys.open(keys.seal(''))).toBe('')
  expect(keys.seal('ada@example.com').equals(sealed)).toBe(false)
  for (let at = 0; at < sealed.length; at++) {
    const altered = Buffer.from(sealed)
    altered[at] = (altered[at] ?? 0) ^ 1
    expect(() => keys.open(altered), `byte ${at}`).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  }
  expect(() => keys.open(Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
})

test('another workspace neither opens it nor has the same index', () => {
  const vault = createVault(master)
  const one = vault.open(vault.createDataKey())
  const other = vault.open(vault.createDataKey())
  expect(() => other.open(one.seal('x'))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  expect(other.blindIndex('email', 'a@b.c')).not.toBe(one.blindIndex('email', 'a@b.c'))
  expect(one.blindIndex('email', 'a@b.c')).toBe(one.blindIndex('email', 'a@b.c'))
  expect(one.blindIndex('sms', 'a@b.c')).not.toBe(one.blindIndex('email', 'a@b.c'))
})

test('after both kinds of key have changed, old fields open and the index stays', () => {
  const before = createVault(master)
  const wrapped = before.createDataKey()
  const old = before.open(wrapped)
  const sealed = old.seal('+4915112345678')
  const newer = createVault(randomBytes(32), [master])
  const rotated = newer.rotate(wrapped)
  const keys = newer.open(rotated)
  expect(keys.open(sealed)).toBe('+4915112345678')
  expect(keys.blindIndex('sms', 'x')).toBe(old.blindIndex('sms', 'x'))
  expect(() => old.open(keys.seal('x'))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  expect(() => before.open(rotated)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('a master key of another length is refused', () => {
  expect(() => createVault(Buffer.alloc(16))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
