import { expect, test } from 'vitest'
import { type Heard, openShares, type Round } from '../../src/realtime/share.ts'

/** A source the test feeds by hand. */
function createSource() {
  const rounds: Round<number>[] = []
  let wake = () => {}
  const state = { opened: 0, closed: 0, taken: 0, done: false, fault: null as unknown }
  const iterator: AsyncIterator<Round<number>> = {
    async next() {
      while (rounds.length === 0 && !state.done && state.fault === null) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (state.fault !== null) throw state.fault
      const value = rounds.shift()
      if (value === undefined) return { done: true, value: undefined }
      state.taken++
      return { done: false, value }
    },
    async return() {
      state.closed++
      state.done = true
      wake()
      return { done: true, value: undefined }
    },
  }
  return {
    state,
    open: async () => {
      state.opened++
      return iterator
    },
    feed(...values: number[]) {
      rounds.push({ values, missed: 0 })
      wake()
    },
    give(round: Round<number>) {
      rounds.push(round)
      wake()
    },
    finish(fault: unknown = null) {
      state.fault = fault
      state.done = true
      wake()
    },
  }
}
const from = (start: number, n: number) => Array.from({ length: n }, (_, index) => start + index)
const heard = (value: number, missed = 0): IteratorResult<Heard<number>> => ({ done: false, value: { value, missed } })
const DONE = { done: true, value: undefined }
/** Lets everything that can go on without the outside go on. */
const settle = () => new Promise((next) => setImmediate(next))

test('one source serves all who listen to its name; the last to leave closes it, and who comes then opens another', async () => {
  const shares = openShares<number>()
  const [first, other, second] = [createSource(), createSource(), createSource()]
  const [a, b, c] = [await shares.join('x', first.open), await shares.join('x', first.open), await shares.join('y', other.open)]
  first.feed(1, 2)
  other.feed(9)
  for (const each of [a, b]) expect([await each.next(), await each.next()]).toEqual([heard(1), heard(2)])
  expect(await c.next()).toEqual(heard(9))
  expect([first.state.opened, other.state.opened]).toEqual([1, 1])
  await a.return()
  first.feed(3)
  expect([await b.next(), first.state.closed]).toEqual([heard(3), 0])
  await b.return()
  await settle()
  expect([first.state.closed, other.state.closed]).toEqual([1, 0])
  const d = await shares.join('x', second.open)
  second.feed(4)
  expect([await d.next(), await a.next()]).toEqual([heard(4), DONE])
})

test('who does not take holds nobody up, keeps the newest and is told how many it lost', async () => {
  const shares = openShares<number>()
  const source = createSource()
  const [quick, slow] = [await shares.join('x', source.open), await shares.join('x', source.open)]
  for (let round = 0; round < 8; round++) {
    source.feed(...from(round * 100, 100))
    for (const value of from(round * 100, 100)) expect(await quick.next()).toEqual(heard(value))
  }
  expect(await slow.next()).toEqual(heard(300, 300))
  for (const value of from(301, 499)) expect(await slow.next()).toEqual(heard(value))
  source.feed(800)
  expect([await quick.next(), await slow.next()]).toEqual([heard(800), heard(800)])
})

test('while every listener has enough waiting, the source is not read, and nothing is lost', async () => {
  const shares = openShares<number>()
  const source = createSource()
  const only = await shares.join('x', source.open)
  for (const round of from(0, 9)) source.feed(...from(round * 100, 100))
  await settle()
  expect(source.state.taken).toBe(1)
  for (const value of from(0, 900)) expect(await only.next()).toEqual(heard(value))
  expect(source.state.taken).toBe(9)
})

test('a full listener that is alone lets the source go on when another comes', async () => {
  const shares = openShares<number>()
  const source = createSource()
  await shares.join('x', source.open)
  source.feed(...from(0, 100))
  source.feed(100)
  await settle()
  expect(source.state.taken).toBe(1)
  const late = await shares.join('x', source.open)
  expect(await late.next()).toEqual(heard(100))
})

test('a newcomer begins with the last standing value, and nobody is owed one that a later one replaced', async () => {
  const shares = openShares<number>()
  const source = createSource()
  const a = await shares.join('x', source.open)
  source.give({ values: [1], missed: 0, standing: true })
  expect(await a.next()).toEqual(heard(1))
  const b = await shares.join('x', source.open)
  expect(await b.next()).toEqual(heard(1))
  source.give({ values: [2], missed: 0, standing: true })
  source.give({ values: [3], missed: 0, standing: true })
  await settle()
  expect([await a.next(), await b.next()]).toEqual([heard(3), heard(3)])
})

test('what the source itself missed is told to everybody with the next value', async () => {
  const shares = openShares<number>()
  const source = createSource()
  const both = [await shares.join('x', source.open), await shares.join('x', source.open)]
  source.give({ values: [], missed: 4 })
  source.give({ values: [1, 2], missed: 1 })
  for (const each of both) expect([await each.next(), await each.next()]).toEqual([heard(1, 5), heard(2)])
})

test('a source that ends lets what waits be taken, one that fails does not, and both are forgotten', async () => {
  const shares = openShares<number>()
  const [ending, failing, next] = [createSource(), createSource(), createSource()]
  const a = await shares.join('x', ending.open)
  ending.feed(1)
  await settle()
  ending.finish()
  await settle()
  const b = await shares.join('x', failing.open)
  expect([await a.next(), await a.next()]).toEqual([heard(1), DONE])
  const waiting = b.next()
  failing.finish(new RangeError('broken'))
  await expect(waiting).rejects.toThrow('broken')
  expect(await b.next()).toEqual(DONE)
  await shares.join('x', next.open)
  expect(next.state.opened).toBe(1)
})

test('failing one listener ends it at once and leaves the others', async () => {
  const shares = openShares<number>()
  const source = createSource()
  const [a, b] = [await shares.join('x', source.open), await shares.join('x', source.open)]
  source.feed(1)
  await settle()
  a.fail(new RangeError('out'))
  await expect(a.next()).rejects.toThrow('out')
  expect([await a.next(), await b.next(), source.state.closed]).toEqual([DONE, heard(1), 0])
})

test('a refusal to open is everybody’s, and is asked for again', async () => {
  const shares = openShares<number, { refused: number }>()
  let asked = 0
  const open = async () => ({ refused: ++asked })
  expect(await Promise.all([shares.join('x', open), shares.join('x', open)])).toEqual([{ refused: 1 }, { refused: 1 }])
  expect(await shares.join('x', open)).toEqual({ refused: 2 })
  await expect(shares.join('y', () => Promise.reject(new RangeError('away')))).rejects.toThrow('away')
})
