import { expect, test } from 'vitest'
import { sharedLookUp } from '../../src/services/shared-look-up.ts'

/** Look-ups that end when told to, in the order they began. */
function looksUp() {
  const begun: { key: string; end(value: number | Error): void }[] = []
  const lookUp = sharedLookUp(
    (key) => new Promise<number>((done, fail) => void begun.push({ key, end: (value) => (value instanceof Error ? fail(value) : done(value)) })),
  )
  return { begun, lookUp, end: (place: number, value: number | Error) => begun[place]?.end(value) }
}

test('who asks while one is under way is answered by one that began later, and shares that with who asks meanwhile', async () => {
  const { begun, lookUp, end } = looksUp()
  const first = lookUp('a')
  const [second, third] = [lookUp('a'), lookUp('a')]
  expect(begun.length).toBe(1)
  end(0, 1)
  expect(await first).toBe(1)
  await Promise.resolve()
  expect(begun.length).toBe(2)
  const fourth = lookUp('a')
  end(1, 2)
  expect(await Promise.all([second, third])).toEqual([2, 2])
  await Promise.resolve()
  end(2, 3)
  expect([await fourth, begun.length]).toEqual([3, 3])
  void lookUp('a')
  expect(begun.length).toBe(4)
})

test('other keys wait for nobody, and a failure is its own', async () => {
  const { begun, lookUp, end } = looksUp()
  const [failing, waiting, other] = [lookUp('a'), lookUp('a'), lookUp('b')]
  expect(begun.map((each) => each.key)).toEqual(['a', 'b'])
  end(1, 7)
  expect(await other).toBe(7)
  const fault = new TypeError('away')
  end(0, fault)
  await expect(failing).rejects.toBe(fault)
  await Promise.resolve()
  end(2, 8)
  expect(await waiting).toBe(8)
})
