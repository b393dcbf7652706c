import { afterAll, beforeAll, expect, test } from 'vitest'
import { look } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Somebody with a phone, a tablet and an old phone: to which of them a push goes, and what is made of what they say. */
let stage: Stage
const journeys: Record<string, string> = {}

beforeAll(async () => {
  stage = await openStage()
  const push = await stage.template('PUSH', {
    title: 'Order {{ event.order }}',
    body: 'is on its way',
    deepLink: 'https://shop.example/o/{{ event.order }}',
    actions: [{ key: 'track', label: 'Track' }],
    android: { channelId: 'orders', color: '#00aa55' },
    ios: { badge: 1, interruptionLevel: 'TIME_SENSITIVE', deepLink: 'shop://o/{{ event.order }}' },
  })
  const email = await stage.template('EMAIL', { subject: 'Order', html: '<p>is on its way</p>' })
  for (const devices of ['MOST_RECENT', 'PER_PLATFORM', 'ALL']) {
    journeys[devices] = await stage.journey({
      reentry: { rule: 'EVERY_TIME' },
      settings: { purpose: 'TRANSACTIONAL' },
      nodes: [
        { key: 'start', config: { eventTrigger: { event: `order.${devices}` } } },
        { key: 'push', config: { push: { templateId: push, devices, followUps: [{ on: 'OPENED' }, { on: 'IGNORED', after: 'PT5M' }] } } },
        { key: 'mail', config: { email: { templateId: email } } },
        { key: 'seen', config: { exit: { reason: 'seen' } } },
      ],
      edges: [
        { from: 'start', port: 'next', to: 'push' },
        { from: 'push', port: 'opened', to: 'seen' },
        { from: 'push', port: 'failed', to: 'mail' },
        { from: 'push', port: 'suppressed', to: 'mail' },
        { from: 'push', port: 'ignored', to: 'mail' },
      ],
    })
  }
})
afterAll(() => stage.close())

interface Device {
  token: string
  platform?: string
}
const add = async (externalId: string, { token, platform }: Device, replaces?: string): Promise<string> => {
  const { addIdentity } = await stage.client.run<{ addIdentity: { identity: { id: string } } }>(
    'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { identity { id } userErrors { message path } } }',
    { input: { contact: { externalId }, channel: 'PUSH', address: token, platform, replaces } },
  )
  return addIdentity.identity.id
}
const three = (name: string): Device[] => [
  { token: `ignorer-${name}-old`, platform: 'android' },
  { token: `ignorer-${name}-tablet`, platform: 'ios' },
  { token: `ignorer-${name}-phone`, platform: 'android' },
]
const reached = (name: string) =>
  stage.sandbox.log
    .entries()
    .filter((entry) => entry.to?.startsWith(`ignorer-${name}-`))
    .map((entry) => entry.to?.slice(`ignorer-${name}-`.length))
    .sort()
const of = async (policy: string, externalId: string) =>
  (await look(stage, journeys[policy] ?? '')).filter((each) => each.contact.externalId === externalId)
const report = (messageId: string | null | undefined, status: string) =>
  stage.client.run('mutation ($input: ReportMessageInput!) { reportMessage(input: $input) { message { id } userErrors { message path } } }', {
    input: { id: messageId, status },
  })

test.each([
  ['MOST_RECENT', ['phone']],
  ['PER_PLATFORM', ['phone', 'tablet']],
  ['ALL', ['old', 'phone', 'tablet']],
])('%s reaches %j, a message each, once each', async (policy, expected) => {
  const name = `ada_${policy}`
  for (const device of three(name)) await add(name, device)
  await stage.event(name, `order.${policy}`, { order: '7' })
  const [found] = await until(async () => {
    const enrollments = await of(policy, name)
    return enrollments[0]?.messages.length === expected.length && enrollments[0].messages.every((each) => each.status === 'SENT') ? enrollments : null
  })
  expect(found?.messages.map(({ nodeKey, channel, attempt }) => [nodeKey, channel, attempt])).toEqual(expected.map(() => ['push', 'PUSH', 1]))
  expect(reached(name)).toEqual(expected)
  // Opened on one, it is opened.
  const last = stage.sandbox.log.entries().findLast((entry) => entry.to?.startsWith(`ignorer-${name}-`))
  await report(last?.messageId, 'OPENED')
  const [ended] = await until(async () => ((await of(policy, name))[0]?.state === 'EXITED' ? of(policy, name) : null))
  expect([ended?.endReason, ended?.path]).toEqual(['seen', ['start:next', 'push:opened', 'seen']])
})

test('one device that has gone does not fail the push; all of them do, and are not asked again', async () => {
  await stage.contact('bob', { email: 'ignorer.2@mail.example' })
  await add('bob', { token: 'unregistered-bob-1', platform: 'android' })
  await add('bob', { token: 'ignorer-bob-tablet', platform: 'ios' })
  await stage.event('bob', 'order.ALL', { order: '8' })
  // Where somebody stands and what was sent to them are read one after the other: a tick may come between.
  await until(async () => {
    const [found] = await of('ALL', 'bob')
    const statuses = found?.messages.map((each) => each.status).sort()
    return found?.state === 'WAITING' && found.node === 'push' && statuses?.join() === 'FAILED,SENT'
  })

  await add('eve', { token: 'unregistered-eve-1', platform: 'android' })
  await add('eve', { token: 'unregistered-eve-2', platform: 'ios' })
  await stage.contact('eve', { email: 'ignorer.3@mail.example' })
  await stage.event('eve', 'order.ALL', { order: '9' })
  const [failed] = await until(async () => ((await of('ALL', 'eve'))[0]?.state === 'COMPLETED' ? of('ALL', 'eve') : null))
  expect(failed?.path).toEqual(['start:next', 'push:failed', 'mail:next'])
  expect(failed?.messages.map(({ channel, failure }) => [channel, failure?.code ?? null])).toEqual([
    ['PUSH', 'UNREGISTERED'],
    ['PUSH', 'UNREGISTERED'],
    ['EMAIL', null],
  ])
  const asked = () => stage.sandbox.log.entries().filter((entry) => entry.to?.startsWith('unregistered-eve')).length
  expect(asked()).toBe(2)
  await stage.event('eve', 'order.ALL', { order: '10' })
  const [, again] = await until(async () => ((await of('ALL', 'eve'))[1]?.state === 'COMPLETED' ? of('ALL', 'eve') : null))
  expect([again?.path, asked()]).toEqual([['start:next', 'push:suppressed', 'mail:next'], 2])
})

test('a token that is renewed is reached in the old one’s place', async () => {
  const id = await add('joe', { token: 'ignorer-joe-first', platform: 'ios' })
  expect(await add('joe', { token: 'ignorer-joe-second' }, id)).toBe(id)
  await stage.event('joe', 'order.ALL', { order: '11' })
  await until(async () => reached('joe').length > 0)
  await until(async () => (await of('ALL', 'joe'))[0]?.messages.every((each) => each.status === 'SENT'))
  expect(reached('joe')).toEqual(['second'])
  const { contact } = await stage.client.run<{ contact: { identities: unknown[] } }>(
    '{ contact(ref: { externalId: "joe" }) { identities { status platform } } }',
  )
  expect(contact.identities).toEqual([{ status: 'ACTIVE', platform: 'ios' }])
})
