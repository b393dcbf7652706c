import { expect, test } from 'vitest'
import { ThroughlineError } from '../../src/errors.ts'
import { openLiveKeys } from '../../src/http/live-keys.ts'

function setUp() {
  const valid = new Set(['Bearer a', 'Bearer b'])
  const asked: string[] = []
  const ended: [string, unknown][] = []
  const state = { away: false, watched: false, say: (_keyId: string | null) => {} }
  const keys = openLiveKeys(
    {
      watchKeys(tell) {
        Object.assign(state, { say: tell, watched: true })
        return () => Object.assign(state, { watched: false })
      },
    },
    async (authorization) => {
      asked.push(authorization)
      if (state.away) throw new ThroughlineError('UNAVAILABLE')
      if (!valid.has(authorization)) throw new ThroughlineError('UNAUTHENTICATED')
    },
  )
  const run = (name: string, keyId: string, authorization: string) =>
    keys.guard(keyId, authorization, { fail: (error) => ended.push([name, (error as ThroughlineError).code]) })
  return { keys, run, valid, asked, ended, state }
}

test('what runs under a revoked key ends, once; what was done before, and what runs under another, does not', () => {
  const { keys, run, ended, state } = setUp()
  run('one', 'a', 'Bearer a')
  run('two', 'a', 'Bearer a')
  run('other', 'b', 'Bearer b')
  run('done', 'a', 'Bearer a')()
  state.say('a')
  state.say('a')
  expect(ended).toEqual([
    ['one', 'UNAUTHENTICATED'],
    ['two', 'UNAUTHENTICATED'],
  ])
  keys.close()
  expect(state.watched).toBe(false)
})

test('a look at the keys asks of each once, and ends what runs under those that hold no longer', async () => {
  const { keys, run, valid, asked, ended } = setUp()
  run('one', 'a', 'Bearer a')
  run('two', 'a', 'Bearer a')
  run('other', 'b', 'Bearer b')
  valid.delete('Bearer a')
  await keys.lookAgain()
  expect([asked, ended.map(([name]) => name)]).toEqual([
    ['Bearer a', 'Bearer b'],
    ['one', 'two'],
  ])
  keys.close()
})

test('a database that is away ends nothing', async () => {
  const { keys, run, ended, state } = setUp()
  run('one', 'a', 'Bearer a')
  state.away = true
  await keys.lookAgain()
  expect(ended).toEqual([])
  keys.close()
})

test('where revocations may have gone unheard, the keys are looked at', async () => {
  const { keys, run, asked, state } = setUp()
  run('one', 'a', 'Bearer a')
  state.say(null)
  expect(asked).toEqual(['Bearer a'])
  keys.close()
})
