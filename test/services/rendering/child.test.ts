import { expect, test } from 'vitest'
import { type End, startChild } from '../../../src/services/rendering/child.ts'
import type { Answer } from '../../../src/services/rendering/in-child.ts'

/** A process, what it answers by and by, and its end. */
function started(deadline = 60_000) {
  const answers: Answer[] = []
  let heard = () => {}
  const end = Promise.withResolvers<End>()
  const child = startChild(
    { deadline, heap: 64 },
    {
      answered(given) {
        answers.push(...given)
        heard()
      },
      ended: end.resolve,
    },
  )
  const had = (count: number) =>
    new Promise<Answer[]>((done) => {
      heard = () => {
        if (answers.length >= count) done(answers)
      }
      heard()
    })
  return { child, had, end: end.promise }
}
const task = (id: number, body: string, scope: object = {}, key: string | null = null) =>
  JSON.stringify({ id, type: 'render', channel: 'sms', key, source: { content: { body } }, scope })
const bare = (id: number, key: string) => JSON.stringify({ id, type: 'render', channel: 'sms', key, scope: { n: id } })

test('a batch is answered in its order, however long its lines are', async () => {
  const { child, had } = started()
  const long = 'ä€𝄞'.repeat(40_000)
  child.post([task(1, '{{ text }}', { text: long }), task(2, '{% if %}'), task(3, '{{ n }}', { n: 3 })], false)
  expect(await had(3)).toEqual([
    { id: 1, content: { body: long } },
    { id: 2, error: expect.stringMatching(/invalid value expression|not closed/) },
    { id: 3, content: { body: '3' } },
  ])
  await child.close()
})

test('a content is kept under its key until all are to be forgotten', async () => {
  const { child, had } = started()
  child.post([task(1, 'one {{ n }}', { n: 1 }, 'k'), bare(2, 'k')], false)
  expect(await had(2)).toEqual([
    { id: 1, content: { body: 'one 1' } },
    { id: 2, content: { body: 'one 2' } },
  ])
  child.post([task(3, 'two {{ n }}', { n: 3 }, 'k')], true)
  expect((await had(3))[2]).toEqual({ id: 3, content: { body: 'two 3' } })
  await child.close()
})

test('its end says what it was at, and why', async () => {
  const { child, had, end } = started(200)
  const list = Array.from({ length: 20_000 }, (_, n) => n)
  const endless = { id: 9, type: 'render', channel: 'push', key: null, scope: { list } }
  const source = { content: { title: 'T', body: '{{ list | find_exp: "i", "list contains none" }}' } }
  child.post([task(8, 'first'), JSON.stringify({ ...endless, source })], false)
  expect(await end).toEqual({ task: 9, text: 1, why: 'late' })
  expect((await had(0)).length).toBeLessThan(2)
})

test('one that is closed tells nobody, and is gone', async () => {
  const { child, had, end } = started()
  child.post([task(1, 'x')], false)
  await had(1)
  await child.close()
  expect(await Promise.race([end, Promise.resolve('nothing told')])).toBe('nothing told')
})
