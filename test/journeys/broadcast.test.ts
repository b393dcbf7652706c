import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** One mail to everybody on a plan: to those who may have it, once, and not to those it had not left for when it was cancelled. */
let stage: Stage
let templateId: string
beforeAll(async () => {
  stage = await openStage()
  templateId = await stage.template('EMAIL', { subject: 'News for {{ contact.plan }}', html: '<p>{{ offer }}</p>' })
  const set = 'mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { userErrors { message } } }'
  for (let n = 0; n < 6; n++) {
    await stage.contact(`member-${n}`, { email: `ignorer.${70 + n}@mail.example` })
    await stage.client.run(set, { input: { contact: { externalId: `member-${n}` }, attributes: { plan: n < 4 ? 'pro' : 'free' } } })
  }
})
afterAll(() => stage.close())

const FIELDS = 'id status progress { handed sent suppressed }'
interface Shown {
  id: string
  status: string
  progress: { handed: number; sent: number; suppressed: number }
}
const audience = (plan: string) => ({ attribute: { path: 'plan', op: 'EQ', value: plan } })
const create = async (input: object) =>
  (
    await stage.client.run<{ createBroadcast: { broadcast: Shown } }>(
      `mutation ($input: CreateBroadcastInput!) { createBroadcast(input: $input) { broadcast { ${FIELDS} } userErrors { message path } } }`,
      { input: { name: 'News', templateId, variables: { offer: 'Half price' }, ...input } },
    )
  ).createBroadcast.broadcast.id
const find = async (id: string) =>
  (await stage.client.run<{ broadcast: Shown }>(`query ($id: ID!) { broadcast(id: $id) { ${FIELDS} } }`, { id })).broadcast
const mails = (subject: string) => stage.sandbox.log.entries().filter((entry) => entry.subject === subject)

test('reaches everybody the condition holds for, once, and tells how far it has come', async () => {
  const id = await create({ audience: audience('pro'), idempotencyKey: 'monday' })
  expect(await create({ audience: audience('pro'), idempotencyKey: 'monday' })).toBe(id)
  const done = await until(async () => {
    const shown = await find(id)
    return shown.status === 'COMPLETED' && shown.progress.sent === 4 && shown
  })
  expect(done.progress).toEqual({ handed: 4, sent: 4, suppressed: 0 })
  expect(
    mails('News for pro')
      .map((entry) => entry.to)
      .sort(),
  ).toEqual([70, 71, 72, 73].map((n) => `ignorer.${n}@mail.example`))
})

test('who withdrew consent is left out, with the reason kept', async () => {
  const withdraw = 'mutation ($input: SetConsentInput!) { setConsent(input: $input) { userErrors { message } } }'
  const input = { contact: { externalId: 'member-4' }, channel: 'EMAIL', state: 'WITHDRAWN', source: 'test', purpose: 'marketing' }
  await stage.client.run(withdraw, { input })
  const id = await create({ audience: audience('free') })
  const done = await until(async () => {
    const shown = await find(id)
    return shown.status === 'COMPLETED' && shown.progress.sent === 1 && shown.progress.suppressed === 1 && shown
  })
  expect(done.progress.handed).toBe(2)
  expect(mails('News for free').map((entry) => entry.to)).toEqual(['ignorer.75@mail.example'])
})

test('cancelled before its start, it never reaches anybody', async () => {
  const before = mails('News for pro').length
  const id = await create({ audience: audience('pro'), startsAt: new Date(Date.now() + 3_600_000).toISOString() })
  const answer = await stage.client.run<{ cancelBroadcast: { broadcast: Shown; userErrors: object[] } }>(
    `mutation ($input: BroadcastInput!) { cancelBroadcast(input: $input) { broadcast { ${FIELDS} } userErrors { code } } }`,
    { input: { id } },
  )
  expect(answer.cancelBroadcast).toMatchObject({ broadcast: { status: 'CANCELLED', progress: { handed: 0 } }, userErrors: [] })
  expect(mails('News for pro')).toHaveLength(before)
})

test('it goes out on the channel that is named, in the words that the template has for it', async () => {
  await stage.client.run('mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { userErrors { message } } }', {
    input: { contact: { externalId: 'member-0' }, channel: 'SMS', address: '+4915112345670' },
  })
  const made = await stage.client.run<{ createTemplate: { template: { id: string; channels: string[] } } }>(
    'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id channels } userErrors { message path } } }',
    {
      input: {
        name: 'Two ways',
        channel: 'EMAIL',
        variants: [
          { locale: 'en', content: { subject: 'By mail', html: '<p>Hi</p>' } },
          { locale: 'en', channel: 'SMS', content: { body: 'By text' } },
        ],
      },
    },
  )
  const { template } = made.createTemplate
  const one = { attribute: { path: 'plan', op: 'EQ', value: 'pro' } }
  const input = { name: 'Two ways', templateId: template.id, purpose: 'SERVICE', audience: one }
  const send = 'mutation ($input: CreateBroadcastInput!) { createBroadcast(input: $input) { broadcast { id channel } userErrors { message path } } }'
  interface Answer {
    createBroadcast: { broadcast: { id: string; channel: string } | null; userErrors: object[] }
  }
  const refused = await stage.client.run<Answer>(send, { input: { ...input, channel: 'PUSH' } }).catch((error: unknown) => String(error))
  expect(refused).toContain('channel The template has no variant for push.')
  const { broadcast } = (await stage.client.run<Answer>(send, { input: { ...input, channel: 'SMS' } })).createBroadcast
  expect(broadcast?.channel).toBe('SMS')
  const done = await until(async () => {
    const shown = await find(broadcast?.id ?? '')
    return shown.status === 'COMPLETED' && shown.progress.sent === 1 && shown.progress.suppressed === 3 && shown
  })
  expect(done.progress.handed).toBe(4)
  const { messages } = await stage.client.run<{ messages: { edges: { node: { status: string } }[] } }>(
    `query ($id: ID!) { messages(broadcastId: $id) { edges { node { channel status templateVersion template { name } broadcast { id } enrollment { id } } } } }`,
    { id: broadcast?.id },
  )
  expect(messages.edges).toHaveLength(4)
  expect(messages.edges.map((edge) => edge.node).find((node) => node.status !== 'SUPPRESSED')).toEqual({
    channel: 'SMS',
    status: expect.stringMatching(/^(SENT|DELIVERED)$/),
    templateVersion: 1,
    template: { name: 'Two ways' },
    broadcast: { id: broadcast?.id },
    enrollment: null,
  })
  expect(
    stage.sandbox.log
      .entries()
      .filter((entry) => entry.provider === 'twilio')
      .map((entry) => [entry.to, entry.text]),
  ).toEqual([['+4915112345670', 'By text']])
  expect(mails('By mail')).toEqual([])
})

test('a list reaches those who are on it, and nobody where somebody on it is not there', async () => {
  const send =
    'mutation ($input: CreateBroadcastInput!) { createBroadcast(input: $input) { broadcast { id audience listed variables topic { name } } userErrors { code message path } } }'
  const topic = await stage.client.run<{ createTopic: { topic: { id: string } } }>(
    'mutation { createTopic(input: { name: "News" }) { topic { id } userErrors { message } } }',
  )
  const input = { name: 'Upload', templateId, purpose: 'SERVICE', variables: { offer: 'Hello' }, topicId: topic.createTopic.topic.id }
  const contacts = [{ externalId: 'member-1' }, { externalId: 'member-5' }]
  const before = mails('News for pro').length
  const refused = await stage.client.run(send, { input: { ...input, contacts: [...contacts, { externalId: 'nobody' }] } }).catch(String)
  expect(refused).toContain('contacts.2 There is no such contact.')
  expect(await stage.client.run(send, { input }).catch(String)).toContain('audience is needed where no contacts are listed')
  const answer = await stage.client.run<{ createBroadcast: { broadcast: { id: string } } }>(send, { input: { ...input, contacts } })
  expect(answer.createBroadcast.broadcast).toMatchObject({ audience: null, listed: 2, variables: { offer: 'Hello' }, topic: { name: 'News' } })
  const done = await until(async () => {
    const shown = await find(answer.createBroadcast.broadcast.id)
    return shown.status === 'COMPLETED' && shown.progress.sent === 2 && shown
  })
  expect(done.progress.handed).toBe(2)
  expect(mails('News for pro')).toHaveLength(before + 1)
})
