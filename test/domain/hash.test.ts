import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hash32, hashFraction } from '../../src/domain/hash.ts'

describe('hash32', () => {
  // The vectors that circulate with ports of MurmurHash3_x86_32, for inputs that are whole UTF-16LE code units.
  test.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['\uffff\uffff', 0, 0x76293b50],
    ['\u4321\u8765', 0, 0xf55b516b],
    ['\u4321\u8765', 0x5082edee, 0x2362f9de],
    ['\u4321', 0, 0xa0f7b07a],
    ['\u0000\u0000', 0, 0x2362f9de],
    ['\u0000', 0, 0x30f4c306],
  ])('of %j with seed %i', (text, seed, hash) => {
    expect(hash32(text, seed)).toBe(hash)
  })

  test('is frozen: contacts keep their lane and their chance over releases', () => {
    expect([hash32('throughline'), hash32('contact-1', 0x7a11e), hash32('Zoë 🧵')]).toEqual([3143784977, 3898011375, 2528087018])
  })

  test('is an unsigned 32-bit integer of any text, half surrogate pairs included', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), fc.integer(), (units, seed) => {
        const text = String.fromCharCode(...units)
        const hash = hash32(text, seed)
        expect(hash).toBe(hash >>> 0)
        expect(hash32(`${text}\ud800`, seed)).not.toBe(hash)
      }),
    )
  })
})

describe('hashFraction', () => {
  test('is in [0, 1) and knows where one part ends', () => {
    fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }), (parts) => hashFraction(...parts) >= 0 && hashFraction(...parts) < 1))
    expect(hashFraction('ab', 'c')).not.toBe(hashFraction('a', 'bc'))
    expect(hashFraction('a', '')).not.toBe(hashFraction('a'))
  })

  test('spreads ids that differ by a digit evenly: 16,000 in 16 boxes, within six standard deviations', () => {
    const boxes = new Array<number>(16).fill(0)
    for (let n = 0; n < 16_000; n++) {
      const box = Math.floor(hashFraction('enrollment', String(n)) * 16)
      boxes[box] = (boxes[box] ?? 0) + 1
    }
    expect(boxes.reduce((sum, count) => sum + count)).toBe(16_000)
    for (const count of boxes) expect(Math.abs(count - 1000)).toBeLessThan(6 * Math.sqrt(1000))
  })
})
