import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, type Seen, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** An alarm by SMS and push together: who hears it where, and what is made of it by whoever opens, ignores or cannot be reached. */
let stage: Stage
let sms: string
let push: string
let patient: string
let hasty: string

beforeAll(async () => {
  stage = await openStage()
  sms = await stage.template('SMS', { body: 'Water in the cellar' })
  push = await stage.template('PUSH', { title: 'Water', body: 'in the cellar' })
  const mail = await stage.template('EMAIL', { subject: 'Water', html: '<p>in the cellar</p>' })
  const alarm = (event: string, after: string) =>
    stage.journey({
      reentry: { rule: 'EVERY_TIME' },
      settings: { purpose: 'TRANSACTIONAL' },
      nodes: [
        { key: 'start', config: { eventTrigger: { event } } },
        {
          key: 'alarm',
          config: {
            multi: {
              messages: [
                { channel: 'SMS', templateId: sms },
                { channel: 'PUSH', templateId: push, devices: 'ALL' },
              ],
              followUps: [{ on: 'IGNORED', after }],
              dedupe: { key: 'event.cellar', window: 'P1D' },
            },
          },
        },
        { key: 'again', config: { sms: { templateId: sms } } },
        { key: 'mail', config: { email: { templateId: mail } } },
        { key: 'seen', config: { exit: { reason: 'seen' } } },
      ],
      edges: [
        { from: 'start', port: 'next', to: 'alarm' },
        { from: 'alarm', port: 'next', to: 'seen' },
        { from: 'alarm', port: 'ignored', to: 'again' },
        { from: 'alarm', port: 'failed', to: 'mail' },
        { from: 'alarm', port: 'suppressed', to: 'mail' },
      ],
    })
  patient = await alarm('water.patient', 'P1D')
  hasty = await alarm('water.hasty', 'PT3S')
})
afterAll(() => stage.close())

const heardBy = (...addresses: string[]) =>
  stage.sandbox.log.entries().flatMap(({ to, provider }) => (to != null && addresses.includes(to) ? [provider] : []))
const channels = ({ messages }: Seen) => messages.map(({ nodeKey, channel, status }) => [nodeKey, channel, status])
const delivered = (one: Seen) => one.messages.filter((each) => each.status === 'DELIVERED' || each.status === 'SENT').length
const report = (id: string | undefined, status: string) =>
  stage.client.run('mutation ($input: ReportMessageInput!) { reportMessage(input: $input) { message { id } userErrors { message path } } }', {
    input: { id, status },
  })

test('goes out on both at once; opened on one, it is not ignored on the other', async () => {
  await stage.contact('ada', { sms: '+14155551104', push: 'ignorer-ada-phone' })
  await stage.event('ada', 'water.hasty', { cellar: 'ada' })
  const out = await seen(stage, hasty, 'ada', (one) => delivered(one) === 2)
  expect([out.node, heardBy('+14155551104', 'ignorer-ada-phone').sort()]).toEqual(['alarm', ['fcm', 'twilio']])
  await report(out.messages.find((each) => each.channel === 'PUSH')?.id, 'OPENED')
  const end = await seen(stage, hasty, 'ada', hasEnded)
  expect([end.endReason, end.path]).toEqual(['seen', ['start:next', 'alarm:next', 'seen']])
})

test('ignored on both, it is said again', async () => {
  await stage.contact('bob', { sms: '+14155551204', push: 'ignorer-bob-phone' })
  await stage.event('bob', 'water.hasty', { cellar: 'bob' })
  const end = await seen(stage, hasty, 'bob', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['start:next', 'alarm:ignored', 'again:next']])
  expect(heardBy('+14155551204', 'ignorer-bob-phone').sort()).toEqual(['fcm', 'twilio', 'twilio'])
})

test('whoever has one channel only hears it there, and the trace says why not on the other', async () => {
  await stage.contact('cyd', { sms: '+14155551304' })
  await stage.event('cyd', 'water.patient', { cellar: 'cyd' })
  const out = await seen(stage, patient, 'cyd', (one) => delivered(one) === 1)
  expect(
    channels(out)
      .map(([, channel, status]) => [channel, status === 'SUPPRESSED'])
      .sort(),
  ).toEqual([
    ['PUSH', true],
    ['SMS', false],
  ])
  expect(out.trace.find((each) => each.code === 'message_suppressed')).toMatchObject({
    node: 'alarm',
    data: { channel: 'PUSH', reason: 'unreachable' },
  })
  expect(out.node).toBe('alarm')
})

test('failed on both, it goes by email; reached on none, as well', async () => {
  await stage.contact('dan', { sms: '+14155551401', push: 'unregistered-dan-phone', email: 'ignorer.dan@mail.example' })
  await stage.event('dan', 'water.patient', { cellar: 'dan' })
  const lost = await seen(stage, patient, 'dan', hasEnded)
  expect(lost.path).toEqual(['start:next', 'alarm:failed', 'mail:next'])
  expect(
    channels(lost)
      .slice(0, 2)
      .map(([, channel, status]) => [channel, status])
      .sort(),
  ).toEqual([
    ['PUSH', 'FAILED'],
    ['SMS', 'FAILED'],
  ])
  await stage.contact('eve', { email: 'ignorer.eve@mail.example' })
  await stage.event('eve', 'water.patient', { cellar: 'eve' })
  const none = await seen(stage, patient, 'eve', hasEnded)
  expect(none.path).toEqual(['start:next', 'alarm:suppressed', 'mail:next'])
})

test('the same alarm does not come twice, on either channel', async () => {
  await stage.contact('fay', { sms: '+14155551504', push: 'ignorer-fay-phone', email: 'ignorer.fay@mail.example' })
  await stage.event('fay', 'water.patient', { cellar: 'fay' })
  await seen(stage, patient, 'fay', (one) => delivered(one) === 2)
  await stage.event('fay', 'water.patient', { cellar: 'fay' })
  const second = await seen(stage, patient, 'fay', hasEnded)
  expect(second.path).toEqual(['start:next', 'alarm:suppressed', 'mail:next'])
  expect(second.messages.slice(0, 2).map(({ failure }) => failure?.code)).toEqual(['duplicate', 'duplicate'])
  expect(heardBy('+14155551504', 'ignorer-fay-phone').sort()).toEqual(['fcm', 'twilio'])
})

test('is read back as it was written, with its numbers', async () => {
  const { journey } = await stage.client.run<{ journey: { liveVersion: { graph: { nodes: { kind: string }[] } } } }>(
    `query ($id: ID!) { journey(id: $id) { liveVersion { graph { nodes { kind ... on MultiNode {
      messages { channel devices templateId template { id } } followUps { on after } dedupe { key } stats { entered left { port count } messages { channel planned opened } } } } } } } }`,
    { id: hasty },
  )
  expect(journey.liveVersion.graph.nodes.find((each) => each.kind === 'multi')).toEqual({
    kind: 'multi',
    messages: [
      { channel: 'SMS', devices: null, templateId: sms, template: { id: sms } },
      { channel: 'PUSH', devices: 'ALL', templateId: push, template: { id: push } },
    ],
    followUps: [{ on: 'IGNORED', after: 'PT3S' }],
    dedupe: { key: 'event.cellar' },
    stats: {
      entered: 2,
      left: expect.arrayContaining([
        { port: 'ignored', count: 1 },
        { port: 'next', count: 1 },
      ]),
      messages: { channel: null, planned: 4, opened: 1 },
    },
  })
})
