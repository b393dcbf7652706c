import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { derivedId, isLanedId, lanedId, laneOf, laneOfReference, MAX_LANES, timeOf } from '../../src/domain/ids.ts'

const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const lane = fc.nat(MAX_LANES - 1)
const bits = fc.nat(0xffffffff)

describe('lanedId', () => {
  test('lays out version 8 of RFC 9562: time, lane, variant, bits', () => {
    expect(lanedId(0x0123456789ab, 0xcde, 0x12345678, 0x9abcdef0)).toBe('01234567-89ab-8cde-9234-56789abcdef0')
    expect(lanedId(0, 0, 0, 0)).toBe('00000000-0000-8000-8000-000000000000')
    expect(lanedId(2 ** 48 - 1, MAX_LANES - 1, 0xffffffff, 0xffffffff)).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff')
  })

  test('is a sound id that carries its time and lane', () => {
    fc.assert(
      fc.property(instant, lane, bits, bits, (at, of, high, low) => {
        const id = lanedId(at, of, high, low)
        expect(timeOf(id)).toBe(at)
        expect(laneOf(id)).toBe(of)
        expect(isLanedId(id)).toBe(true)
        expect(isLanedId(id, of + 1)).toBe(true)
        expect(isLanedId(id, of)).toBe(false)
      }),
    )
  })

  test('sorts by time, whatever the lane and the bits', () => {
    fc.assert(
      fc.property(instant, instant, fc.array(fc.tuple(lane, bits, bits), { minLength: 2, maxLength: 2 }), (a, b, [one, two]) => {
        fc.pre(a !== b && one !== undefined && two !== undefined)
        expect(lanedId(a, ...one) < lanedId(b, ...two)).toBe(a < b)
      }),
    )
  })

  test('keeps 62 bits: no two that differ there are the same', () => {
    fc.assert(
      fc.property(fc.nat(0x3fffffff), fc.nat(0x3fffffff), bits, bits, (a, b, c, d) => {
        expect(lanedId(1, 1, a, c) === lanedId(1, 1, b, d)).toBe(a === b && c === d)
      }),
    )
  })
})

describe('derivedId', () => {
  test('the same parts make the same id, for ever', () => {
    expect(derivedId(1_750_000_000_000, 7, 'enrollment', 'node', '1', '0')).toBe('01977420-dc00-8007-9c27-aedac369845e')
  })

  test('another part, another order or another cut makes another', () => {
    const ids = [['a', 'b'], ['b', 'a'], ['ab'], ['a', 'b', ''], ['', 'a', 'b'], ['a', 'c']].map((parts) => derivedId(1, 1, ...parts))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('does not repeat itself: 100,000 messages of one millisecond and lane', () => {
    const ids = new Set<string>()
    for (let n = 0; n < 100_000; n++) ids.add(derivedId(1, 1, 'enrollment', `node-${n % 10}`, String(n)))
    expect(ids.size).toBe(100_000)
  })
})

describe('isLanedId', () => {
  test('takes nothing else: other versions, variants, letters and forms', () => {
    const others = [
      '01234567-89ab-7cde-9234-56789abcdef0',
      '01234567-89ab-8cde-c234-56789abcdef0',
      '01234567-89AB-8CDE-9234-56789ABCDEF0',
      '0123456789ab8cde923456789abcdef0',
      '{01234567-89ab-8cde-9234-56789abcdef0}',
      '01234567-89ab-8cde-9234-56789abcdef0\n',
      ' 01234567-89ab-8cde-9234-56789abcdef0',
      '',
    ]
    expect(others.filter((text) => isLanedId(text))).toEqual([])
  })
})

describe('laneOfReference', () => {
  test('is the same for ever, and another workspace’s contact of the same name has its own', () => {
    expect([laneOfReference('w1', 'ada', 64), laneOfReference('w2', 'ada', 64)]).toEqual([63, 22])
  })

  test('is one of the lanes, and fills them evenly', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: MAX_LANES }), (workspace, reference, lanes) => {
        const found = laneOfReference(workspace, reference, lanes)
        expect(Number.isInteger(found) && found >= 0 && found < lanes).toBe(true)
      }),
    )
    const boxes = new Array<number>(64).fill(0)
    for (let n = 0; n < 64_000; n++) {
      const box = laneOfReference('w', `customer-${n}`, 64)
      boxes[box] = (boxes[box] ?? 0) + 1
    }
    for (const count of boxes) expect(Math.abs(count - 1000)).toBeLessThan(6 * Math.sqrt(1000))
  })
})
