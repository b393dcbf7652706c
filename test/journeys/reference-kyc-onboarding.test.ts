import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { hasEnded, refusals, seen } from '../support/look.ts'
import { archiveReference, got, openApp, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J2 as shipped: from signing up to proving who one is, in days that count from signing up. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

test('who is verified leaves at once; who logs in is asked in the app', async () => {
  const journeyId = await publishReference(stage, 'kyc_onboarding')
  await stage.contact('ada', { email: 'opener.1@mail.example' })
  await stage.event('ada', 'user.signed_up')
  await seen(stage, journeyId, 'ada', (one) => one.node === 'login')
  await stage.event('ada', 'app.opened')
  const resting = await seen(stage, journeyId, 'ada', (one) => one.node === 'day_2')
  // Day 2 of signing up, however late the login was.
  expect(Date.parse(resting.dueAt ?? '') - Date.parse(resting.enteredAt)).toBe(2 * 86_400_000)
  const app = await openApp(stage, 'ada')
  const shown = await until(async () => {
    const now = await app.shown()
    return now.length > 0 && now
  })
  await app.client.close()
  expect(shown.map(({ title }) => title)).toEqual(['One step left'])
  await stage.event('ada', 'kyc.completed')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect([end.state, end.endReason, end.path]).toEqual(['CONVERTED', 'verified', ['signup:next', 'login:seen', 'welcome:next', 'day_2']])
  expect(got(stage, 'opener.1@mail.example')).toEqual([])
  await archiveReference(stage, journeyId)
})

test('who stays away is written to on days 2, 5 and 10, and called who answers with Yes', async () => {
  const journeyId = await publishReference(stage, 'kyc_onboarding', { secondsPerDay: 0.8 })
  for (const [n, who] of ['answers', 'ignores'].entries()) {
    stage.sandbox.script(`+1415555${31 + n}04`, 'ignorer')
    await stage.contact(who, { email: `ignorer.${n}@mail.example`, sms: `+1415555${31 + n}04`, push: `ignorer-device-${n}23456789` })
  }
  await Promise.all(['answers', 'ignores'].map((who) => stage.event(who, 'user.signed_up')))
  await seen(stage, journeyId, 'answers', (one) => one.node === 'reply')
  const { accountSid } = sandboxCredentials('story').twilio.credentials
  stage.sandbox.inbound({ account: accountSid, from: '+14155553104', to: '+15005550006', text: 'Yes' })
  const [answers, ignores] = await Promise.all(['answers', 'ignores'].map((who) => seen(stage, journeyId, who, hasEnded)))
  const way = [
    'signup:next',
    'login:timeout',
    'welcome:next',
    'day_2:next',
    'email:next',
    'day_5:next',
    'idle_5:else',
    'push:next',
    'day_10:next',
    'idle_10:else',
    'sms:next',
  ]
  expect([answers?.state, answers?.path]).toEqual(['COMPLETED', [...way, 'reply:yes', 'call:next', 'thanks:next']])
  expect(got(stage, '+14155553104')).toEqual(['Shall we call you? Reply YES.', 'Thank you. We shall call you today.'])
  expect([ignores?.endReason, ignores?.path]).toEqual(['not verified', [...way, 'reply:timeout', 'done']])
  expect(got(stage, '+14155553204')).toEqual(['Shall we call you? Reply YES.'])
  // Once and for all: signing up again changes nothing.
  await stage.event('ignores', 'user.signed_up')
  const refused = await until(async () => {
    const found = await refusals(stage, 'ignores')
    return found.length > 0 && found
  })
  expect(refused.map(({ code }) => code)).toEqual(['refused_reentry'])
})
