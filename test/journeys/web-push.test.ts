import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DemoClient, openDemoClient } from '../../src/demo/client.ts'
import type { PushSubscription } from '../../src/domain/push-subscription.ts'
import { look, type Seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** A page asks for the key, subscribes, registers with the contact's own token, is written to, and unsubscribes. */
let stage: Stage
let journeyId: string
const clients: DemoClient[] = []

beforeAll(async () => {
  stage = await openStage()
  const push = await stage.template('WEB_PUSH', {
    title: 'Hi {{ contact.firstName | default: "you" }}',
    body: 'Your {{ event.item }} waits',
    url: 'https://shop.example/cart/{{ event.cartId }}',
    actions: [{ action: 'buy', title: 'Buy', url: 'https://shop.example/buy/{{ event.cartId }}' }],
    topic: 'cart-{{ event.cartId }}',
    ttl: 'PT2H',
  })
  const email = await stage.template('EMAIL', { subject: 'Your cart', html: '<p>waits</p>' })
  journeyId = await stage.journey({
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'cart.left' } } },
      { key: 'browser', config: { webPush: { templateId: push, followUps: [{ on: 'CLICKED' }, { on: 'IGNORED', after: 'PT1M' }] } } },
      { key: 'mail', config: { email: { templateId: email } } },
      { key: 'bye', config: { exit: { reason: 'bought' } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'browser' },
      { from: 'browser', port: 'clicked', to: 'bye' },
      { from: 'browser', port: 'ignored', to: 'mail' },
      { from: 'browser', port: 'failed', to: 'mail' },
      { from: 'browser', port: 'suppressed', to: 'mail' },
    ],
  })
})
afterAll(async () => {
  for (const client of clients) await client.close()
  await stage.close()
})

/** What a page has: the contact's own token, and a browser that subscribes at a push service. */
async function openPage(externalId: string, browser: string) {
  const { issueContactToken } = await stage.client.run<{ issueContactToken: { token: string } }>(
    'mutation ($externalId: String!) { issueContactToken(input: { contact: { externalId: $externalId } }) { token userErrors { message path } } }',
    { externalId },
  )
  const client = openDemoClient(stage.url, issueContactToken.token)
  clients.push(client)
  const { webPushPublicKey } = await client.run<{ webPushPublicKey: string }>('{ webPushPublicKey }')
  const body = JSON.stringify({ name: browser, applicationServerKey: webPushPublicKey })
  const subscription = (await (await fetch(`${stage.sandbox.url}/web-push/subscriptions`, { method: 'POST', body })).json()) as PushSubscription
  const { addIdentity } = await client.run<{ addIdentity: { identity: { id: string; status: string; maskedAddress: string } } }>(
    'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { identity { id status maskedAddress } userErrors { message path } } }',
    { input: { contact: { externalId }, channel: 'WEB_PUSH', address: JSON.stringify(subscription) } },
  )
  return { client, subscription, identity: addIdentity.identity }
}

const consent = (externalId: string) =>
  stage.client.run('mutation ($input: SetConsentInput!) { setConsent(input: $input) { contact { id } userErrors { message path } } }', {
    input: { contact: { externalId }, channel: 'WEB_PUSH', state: 'GRANTED', purpose: 'marketing', source: 'story' },
  })
const upsert = (externalId: string, attributes: object) =>
  stage.client.run('mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { contact { id } userErrors { message path } } }', {
    input: { contact: { externalId }, attributes },
  })
const of = async (externalId: string): Promise<Seen[]> => (await look(stage, journeyId)).filter((each) => each.contact.externalId === externalId)
const carried = (browser: string) => stage.sandbox.log.entries().filter((entry) => entry.provider === 'webpush' && entry.to === browser)

test('a browser is registered by its page, shown what it was sent, and reports the click that ends the journey', async () => {
  await upsert('ada', { firstName: 'Ada' })
  await consent('ada')
  const page = await openPage('ada', 'ada-firefox')
  expect(page.identity).toMatchObject({ status: 'ACTIVE', maskedAddress: `${new URL(stage.sandbox.url).host}…` })
  await stage.event('ada', 'cart.left', { cartId: 'c1', item: 'teapot' })
  const [entry] = await until(async () => (carried('ada-firefox').length > 0 ? carried('ada-firefox') : null))
  expect(entry).toMatchObject({
    outcome: 'accepted',
    subject: 'Hi Ada',
    text: 'Your teapot waits',
    // The node waits for a minute: what came later would be of no use, whatever the content says.
    headers: { ttl: '60', urgency: 'normal' },
    payload: {
      title: 'Hi Ada',
      body: 'Your teapot waits',
      actions: [{ action: 'buy', title: 'Buy' }],
      tag: 'cart-c1',
      data: { throughline_message: entry?.messageId, url: 'https://shop.example/cart/c1', actions: { buy: 'https://shop.example/buy/c1' } },
    },
  })
  await page.client.run('mutation ($id: ID!) { reportMessage(input: { id: $id, status: CLICKED }) { message { id } userErrors { message path } } }', {
    id: entry?.messageId,
  })
  const [seen] = await until(async () => ((await of('ada'))[0]?.state === 'EXITED' ? of('ada') : null))
  expect(seen).toMatchObject({ endReason: 'bought', path: ['start:next', 'browser:clicked', 'bye'] })
  expect(carried('ada-firefox')).toHaveLength(1)
})

test('a browser that has unsubscribed fails once, is unreachable from then on, and the email goes out both times', async () => {
  await stage.contact('bob', { email: 'ignorer.1@mail.example' })
  await consent('bob')
  const page = await openPage('bob', 'bob-chrome')
  expect((await fetch(page.subscription.endpoint, { method: 'DELETE' })).status).toBe(204)
  await stage.event('bob', 'cart.left', { cartId: 'c2', item: 'lamp' })
  const [first] = await until(async () => ((await of('bob'))[0]?.state === 'COMPLETED' ? of('bob') : null))
  expect(first?.path).toEqual(['start:next', 'browser:failed', 'mail:next'])
  expect(first?.messages.map(({ channel, status, failure }) => [channel, status, failure?.code ?? null])).toEqual([
    ['WEB_PUSH', 'FAILED', 'UNREGISTERED'],
    ['EMAIL', expect.stringMatching(/SENT|DELIVERED/) as string, null],
  ])
  const { contact } = await stage.client.run<{ contact: { identities: { channel: string; status: string }[] } }>(
    '{ contact(ref: { externalId: "bob" }) { identities { channel status } } }',
  )
  expect(contact.identities).toContainEqual({ channel: 'WEB_PUSH', status: 'UNREGISTERED' })

  await stage.event('bob', 'cart.left', { cartId: 'c3', item: 'pen' })
  const both = await until(async () => ((await of('bob'))[1]?.state === 'COMPLETED' ? of('bob') : null))
  const [second] = both.filter((each) => each.id !== first?.id)
  expect(second?.path).toEqual(['start:next', 'browser:suppressed', 'mail:next'])
  expect(second?.trace.find((each) => each.code === 'message_suppressed')).toMatchObject({ node: 'browser', data: { reason: 'identity_inactive' } })
  // The push service was asked the first time alone.
  expect(carried('bob-chrome').map(({ outcome, code }) => [outcome, code])).toEqual([['refused', 'GONE']])
  // Back again: a page registers at every visit, and that makes the browser a way again.
  await openPage('bob', 'bob-edge')
  await stage.event('bob', 'cart.left', { cartId: 'c4', item: 'pen' })
  const [third] = await until(async () => (carried('bob-edge').length > 0 ? carried('bob-edge') : null))
  expect(third).toMatchObject({ outcome: 'accepted', text: 'Your pen waits' })
})

test('a page’s token registers its own contact’s browser only, at a push service only', async () => {
  await upsert('eve', {})
  const { client, subscription } = await openPage('eve', 'eve-safari')
  const add = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { identity { id } userErrors { code path } } }'
  const address = JSON.stringify(subscription)
  await expect(client.run(add, { input: { contact: { externalId: 'ada' }, channel: 'WEB_PUSH', address } })).rejects.toThrow()
  const elsewhere = JSON.stringify({ ...subscription, endpoint: 'http://169.254.169.254/latest/meta-data' })
  await expect(client.run(add, { input: { contact: { externalId: 'eve' }, channel: 'WEB_PUSH', address: elsewhere } })).rejects.toThrow(/address/)
  const { contact } = await stage.client.run<{ contact: { identities: unknown[] } }>('{ contact(ref: { externalId: "eve" }) { identities { id } } }')
  expect(contact.identities).toHaveLength(1)
})
