import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, seen } from '../support/look.ts'
import { archiveReference, got, longAgo, openApp, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J4 as shipped: who has been away for a week is called back, and finds a reward. */
let stage: Stage
let journeyId: string
const PEOPLE = ['stays', 'returns'] as const
const phone = (n: number) => `+1415555${31 + n}04`

beforeAll(async () => {
  stage = await openStage()
  for (const [n, who] of PEOPLE.entries()) {
    await stage.contact(who, { email: `ignorer.${n}@mail.example`, sms: phone(n), push: `ignorer-device-${n}23456789` })
    await longAgo(stage, who, 'app.opened', 8)
    await heard(stage, who, 1)
  }
  // A day is six tenths of a second.
  journeyId = await publishReference(stage, 'win_back', { secondsPerDay: 0.6 })
})
afterAll(() => stage.close())

test('who comes back after the email finds the reward in the app, and gets no SMS', async () => {
  await seen(stage, journeyId, 'returns', (one) => one.node === 'return')
  await stage.event('returns', 'app.opened')
  const end = await seen(stage, journeyId, 'returns', hasEnded)
  expect([end.state, end.path]).toEqual([
    'COMPLETED',
    ['away:next', 'push:next', 'first_day:timeout', 'ignored:else', 'email:next', 'return:back', 'reward:next'],
  ])
  const app = await openApp(stage, 'returns')
  const shown = await until(async () => {
    const now = await app.shown()
    return now.length > 0 && now
  })
  await app.client.close()
  expect(shown.map(({ title }) => title)).toEqual(['Welcome back'])
  expect(got(stage, phone(1))).toEqual([])
})

test('who stays away is told of it once more by SMS, and then left alone', async () => {
  const end = await seen(stage, journeyId, 'stays', hasEnded)
  expect([end.endReason, end.path]).toEqual([
    'stayed away',
    ['away:next', 'push:next', 'first_day:timeout', 'ignored:else', 'email:next', 'return:timeout', 'sms:next', 'at_last:timeout', 'gone'],
  ])
  expect(got(stage, 'ignorer-device-023456789')).toHaveLength(1)
  expect(got(stage, 'ignorer.0@mail.example')).toHaveLength(1)
  expect(got(stage, phone(0))).toEqual(['Your reward expires soon. Reply STOP to opt out.'])
})

test('who comes back within the day, the push unopened, finds the reward and gets no email', async () => {
  await archiveReference(stage, journeyId)
  await stage.contact('hurries', { email: 'ignorer.9@mail.example', push: 'ignorer-device-923456789' })
  await longAgo(stage, 'hurries', 'app.opened', 8 * 86_400)
  await heard(stage, 'hurries', 1)
  const slow = await publishReference(stage, 'win_back')
  await seen(stage, slow, 'hurries', (one) => one.node === 'first_day')
  await stage.event('hurries', 'app.opened')
  const end = await seen(stage, slow, 'hurries', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['away:next', 'push:next', 'first_day:back', 'reward:next']])
  expect(got(stage, 'ignorer.9@mail.example')).toEqual([])
})
