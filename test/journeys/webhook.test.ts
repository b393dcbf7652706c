import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSigned, signatureHeaders } from '../../src/services/webhooks-signature.ts'
import { type Hook, type Hooks, startHooks } from '../support/hooks.ts'
import { hasEnded, heard, look, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** A journey asks somebody's server and goes on by its answer; others are told what happens, and start journeys themselves. */
let stage: Stage
let hooks: Hooks

beforeAll(async () => {
  hooks = await startHooks()
  stage = await openStage([hooks.host])
})
afterAll(async () => {
  await stage.close()
  await hooks.close()
})

/** Of who comes in by an event of the path's name, a score is asked at the path; the better ones get a gift. */
const scoring = (path: string, call: object = {}) =>
  stage.journey({
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: path } } },
      {
        key: 'score',
        config: {
          webhook: {
            method: 'POST',
            url: `${hooks.url}/${path}/{{ contact.externalId }}?plan={{ event.plan }}`,
            headers: [{ name: 'Authorization', value: 'Bearer {{ secrets.scoring }}' }],
            body: { json: { customer: '{{ contact.externalId }}', total: '{{ event.total }}', note: 'Plan {{ event.plan }}' } },
            variables: [
              { name: 'score', from: 'body.result.score' },
              { name: 'status', from: 'status' },
            ],
            ...call,
          },
        },
      },
      { key: 'ask', config: { branch: { branches: [{ name: 'good', when: { variable: { path: 'score', op: 'GTE', value: 50 } } }] } } },
      { key: 'gift', config: { exit: { reason: 'gift' } } },
      { key: 'none', config: { exit: { reason: 'nothing' } } },
      { key: 'broken', config: { exit: { reason: 'broken' } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'score' },
      { from: 'score', port: 'success', to: 'ask' },
      { from: 'score', port: 'error', to: 'broken' },
      { from: 'ask', port: 'good', to: 'gift' },
      { from: 'ask', port: 'else', to: 'none' },
    ],
  })
const setSecret = (name: string, value: string) =>
  stage.client.run('mutation ($input: SetSecretInput!) { setSecret(input: $input) { userErrors { message } } }', { input: { name, value } })
const calls = (path: string, who: string) => hooks.at(`/${path}/${who}`)

describe('a journey asks a server', () => {
  beforeAll(() => setSecret('scoring', 'open-sesame'))

  test('and goes the way of its answer', async () => {
    hooks.on('/asked/ada', { body: { result: { score: 80 } } })
    hooks.on('/asked/alan', { body: { result: { score: 20 } } })
    const id = await scoring('asked')
    for (const who of ['ada', 'alan']) await stage.event(who, 'asked', { plan: 'a&b', total: 12.5 })
    const [ada, alan] = [await seen(stage, id, 'ada', hasEnded), await seen(stage, id, 'alan', hasEnded)]
    expect([ada.path, ada.endReason]).toEqual([['start:next', 'score:success', 'ask:good', 'gift'], 'gift'])
    expect([alan.path, alan.endReason]).toEqual([['start:next', 'score:success', 'ask:else', 'none'], 'nothing'])
    expect(ada.trace.map(({ code }) => code)).toEqual(expect.arrayContaining(['webhook_planned', 'webhook_answered']))
    expect(calls('asked', 'ada')).toMatchObject([{ method: 'POST', path: '/asked/ada?plan=a%26b', headers: { authorization: 'Bearer open-sesame' } }])
    expect(JSON.parse(calls('asked', 'ada')[0]?.body ?? '')).toEqual({ customer: 'ada', total: 12.5, note: 'Plan a&b' })
  })

  test('and takes the way for errors where it is refused, asked once', async () => {
    hooks.on('/refusing/ada', { status: 404 })
    const id = await scoring('refusing', { retries: { times: 3, pause: 'PT0.05S' } })
    await stage.event('ada', 'refusing')
    const end = await seen(stage, id, 'ada', hasEnded)
    expect([end.path, end.endReason, calls('refusing', 'ada').length]).toEqual([['start:next', 'score:error', 'broken'], 'broken', 1])
    expect(end.trace.find(({ code }) => code === 'webhook_answered')?.data).toMatchObject({ status: 404, code: 'HTTP_404' })
  })

  test('again and again under one id while it is ill, and goes on when it is well', async () => {
    hooks.on('/ill/ada', { status: 503 }, 'reset', 'hang', { body: { result: { score: 99 } } })
    const id = await scoring('ill', { timeout: 'PT0.2S', retries: { times: 3, pause: 'PT0.05S' } })
    await stage.event('ada', 'ill')
    const end = await seen(stage, id, 'ada', hasEnded)
    expect(end.endReason).toBe('gift')
    const { node } = await stage.client.run<{ node: { calls: object[] } }>(
      'query ($id: ID!) { node(id: $id) { ... on Enrollment { calls { webhookId node state attempts answerStatus failureCode finishedAt } } } }',
      { id: end.id },
    )
    expect(node.calls).toEqual([
      {
        webhookId: calls('ill', 'ada')[0]?.headers['webhook-id'],
        node: 'score',
        state: 'SUCCEEDED',
        attempts: 4,
        answerStatus: 200,
        failureCode: null,
        finishedAt: expect.any(String),
      },
    ])
    expect(calls('ill', 'ada')).toHaveLength(4)
    expect(new Set(calls('ill', 'ada').map((hook) => hook.headers['webhook-id'])).size).toBe(1)
  })

  test('and where it stays ill takes the way for errors', async () => {
    hooks.on('/dead/ada', { status: 500 })
    const id = await scoring('dead', { retries: { times: 2, pause: 'PT0.05S' } })
    await stage.event('ada', 'dead')
    expect([(await seen(stage, id, 'ada', hasEnded)).endReason, calls('dead', 'ada').length]).toEqual(['broken', 3])
  })

  test('and is let out while it waits: the answer moves nobody', async () => {
    hooks.on('/slow/ada', 'hang')
    const id = await stage.journey({
      nodes: [
        { key: 'start', config: { eventTrigger: { event: 'slow' } } },
        { key: 'call', config: { webhook: { method: 'GET', url: `${hooks.url}/slow/ada`, timeout: 'PT0.3S' } } },
      ],
      edges: [{ from: 'start', port: 'next', to: 'call' }],
      exitRules: [{ event: 'stopped', reason: 'stopped' }],
    })
    await stage.event('ada', 'slow')
    await until(async () => calls('slow', 'ada').length === 1)
    await stage.event('ada', 'stopped')
    const end = await seen(stage, id, 'ada', hasEnded)
    expect([end.state, end.endReason, end.path]).toEqual(['EXITED', 'stopped', ['start:next', 'call']])
  })

  test('only at addresses it may ask: what shows is refused before anybody is let in', async () => {
    const draft = async (url: string) => {
      const graph = {
        nodes: [
          { key: 'start', config: { eventTrigger: { event: 'x' } } },
          { key: 'call', config: { webhook: { method: 'GET', url } } },
        ],
        edges: [{ from: 'start', port: 'next', to: 'call' }],
      }
      const { createJourney } = await stage.client.run<{ createJourney: { journey: { draft: { problems: { code: string; path: string[] }[] } } } }>(
        'mutation ($graph: JourneyGraphInput!) { createJourney(input: { name: "Draft", graph: $graph }) { journey { draft { problems { code path } } } } }',
        { graph },
      )
      return createJourney.journey.draft.problems
    }
    const refused = [{ code: 'INVALID_CONFIG', path: ['url'] }]
    for (const url of [
      'http://169.254.169.254/latest',
      'https://127.0.0.1/',
      'https://[::ffff:10.0.0.1]/',
      'https://2130706433/',
      'http://shop.example/',
    ])
      expect(await draft(url)).toEqual(refused)
    expect(await draft('https://{{ contact.attributes.host }}/')).toEqual(refused)
    expect(await draft(`${hooks.url}/x`)).toEqual([])
  })
})

describe('others are told', () => {
  interface Delivery {
    id: string
    webhookId: string
    type: string
    state: string
    attempts: { status: number | null }[]
  }
  const create = (url: string, eventTypes: string[]) =>
    stage.client.run<{ createWebhookEndpoint: { endpoint: { id: string }; secret: string } }>(
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { endpoint { id } secret userErrors { message } } }',
      { input: { url, eventTypes } },
    )
  const log = async (id: string) => {
    const answer = await stage.client.run<{ node: { disabledReason: string | null; deliveries: { edges: { node: Delivery }[] } } }>(
      'query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint { disabledReason deliveries(first: 50) { edges { node { id webhookId type state attempts { status } } } } } } }',
      { id },
    )
    return { reason: answer.node.disabledReason, deliveries: answer.node.deliveries.edges.map((edge) => edge.node) }
  }
  const verified = (secret: string, { headers, body }: Hook) => isSigned(secret, headers, Buffer.from(body), Date.now())

  test('what becomes of people and messages, signed; again if asked; and no more when they are gone', async () => {
    const email = await stage.template('EMAIL', { subject: 'News', html: '<p>of today</p>' })
    const id = await stage.journey({
      settings: { purpose: 'TRANSACTIONAL' },
      nodes: [
        { key: 'start', config: { eventTrigger: { event: 'told' } } },
        { key: 'mail', config: { email: { templateId: email } } },
      ],
      edges: [{ from: 'start', port: 'next', to: 'mail' }],
    })
    const { endpoint, secret } = (await create(`${hooks.url}/told`, ['ENROLLMENT_ENDED', 'MESSAGE_UPDATED'])).createWebhookEndpoint
    await stage.contact('grace', { email: 'ignorer.grace@mail.example' })
    await stage.event('grace', 'told')
    const enrollment = await seen(stage, id, 'grace', hasEnded)
    const bodies = async () => hooks.at('/told').map((hook) => JSON.parse(hook.body))
    await until(
      async () =>
        (await bodies()).some((body) => body.data.message?.status === 'DELIVERED') &&
        (await bodies()).some((body) => body.type === 'enrollment.ended'),
    )
    for (const hook of hooks.at('/told')) expect(verified(secret, hook)).toBe(true)
    expect((await bodies()).find((body) => body.type === 'enrollment.ended')).toMatchObject({
      data: { contact: { externalId: 'grace' }, journey: { id }, enrollment: { id: enrollment.id, state: 'COMPLETED', endReason: null } },
    })
    expect((await bodies()).find((body) => body.data.message?.status === 'SENT')).toMatchObject({
      data: {
        contact: { externalId: 'grace' },
        message: { id: enrollment.messages[0]?.id, channel: 'EMAIL', node: 'mail' },
        enrollment: { id: enrollment.id },
      },
    })
    expect(hooks.at('/told').some((hook) => hook.body.includes('mail.example'))).toBe(false)

    const [ended] = (await log(endpoint.id)).deliveries.filter((each) => each.type === 'enrollment.ended')
    hooks.on('/told', { status: 410 })
    const replayed = await stage.client.run(
      'mutation ($input: ReplayWebhookDeliveriesInput!) { replayWebhookDeliveries(input: $input) { replayed userErrors { message } } }',
      {
        input: { endpointId: endpoint.id, deliveryIds: [ended?.id] },
      },
    )
    expect(replayed).toEqual({ replayWebhookDeliveries: { replayed: 1, userErrors: [] } })
    const gone = await until(async () => {
      const now = await log(endpoint.id)
      return now.reason === 'GONE' ? now : null
    })
    expect(gone.deliveries.find((each) => each.id === ended?.id)).toMatchObject({ state: 'FAILED', attempts: [{ status: 200 }, { status: 410 }] })
    expect(hooks.at('/told').filter((hook) => hook.headers['webhook-id'] === ended?.webhookId)).toHaveLength(2)
  })

  test('again until they take it', async () => {
    hooks.on('/shaky', { status: 503, headers: { 'retry-after': '0' } }, { status: 200 })
    const id = await stage.journey({
      nodes: [
        { key: 'start', config: { eventTrigger: { event: 'shaky' } } },
        { key: 'end', config: { exit: {} } },
      ],
      edges: [{ from: 'start', port: 'next', to: 'end' }],
    })
    const { endpoint } = (await create(`${hooks.url}/shaky`, ['ENROLLMENT_STARTED'])).createWebhookEndpoint
    await stage.event('edsger', 'shaky')
    await seen(stage, id, 'edsger', hasEnded)
    const delivery = await until(async () => (await log(endpoint.id)).deliveries.find((each) => each.state === 'DELIVERED'))
    expect(delivery).toMatchObject({ type: 'enrollment.started', attempts: [{ status: 503 }, { status: 200 }] })
    expect(hooks.at('/shaky').map((hook) => hook.headers['webhook-id'])).toEqual([delivery.webhookId, delivery.webhookId])
  })
})

describe('others start journeys', () => {
  let url: string
  let secret: string
  let id: string
  beforeAll(async () => {
    const input = {
      name: 'Shop',
      verification: 'STANDARD',
      mapping: { eventNamePath: 'body.type', contactKind: 'EXTERNAL_ID', contactPath: 'body.data.customer', propertiesPath: 'body.data' },
    }
    const answer = await stage.client.run<{ createIncomingWebhook: { webhook: { url: string }; secret: string } }>(
      'mutation ($input: CreateIncomingWebhookInput!) { createIncomingWebhook(input: $input) { webhook { url } secret userErrors { message } } }',
      { input },
    )
    url = answer.createIncomingWebhook.webhook.url
    secret = answer.createIncomingWebhook.secret
    hooks.on('/thanks', { body: {} })
    id = await stage.journey({
      reentry: { rule: 'EVERY_TIME' },
      nodes: [
        { key: 'start', config: { eventTrigger: { event: 'shop.order_paid', matchKey: 'order' } } },
        { key: 'thanks', config: { webhook: { method: 'PUT', url: `${hooks.url}/thanks`, body: { json: { order: '{{ key }}' } } } } },
      ],
      edges: [{ from: 'start', port: 'next', to: 'thanks' }],
    })
  })
  const order = (customer: string, number: string) => JSON.stringify({ type: 'shop.order_paid', data: { customer, order: number } })
  const post = async (body: string, headers: Record<string, string>) => {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    return [answer.status, ((await answer.json()) as { accepted?: number }).accepted]
  }

  test('by a signed request, which a server hears of in turn', async () => {
    const body = order('barbara', 'o-1')
    expect(await post(body, signatureHeaders([secret], randomUUID(), Date.now(), body))).toEqual([200, 1])
    expect(await seen(stage, id, 'barbara', hasEnded)).toMatchObject({ state: 'COMPLETED', key: 'o-1', path: ['start:next', 'thanks:success'] })
    expect(hooks.at('/thanks').map((hook) => [hook.method, hook.body])).toEqual([['PUT', '{"order":"o-1"}']])
  })

  test('and by nothing forged, replayed or old', async () => {
    const body = order('mallory', 'o-2')
    const [known, now] = [randomUUID(), Date.now()]
    const signed = signatureHeaders([secret], known, now, body)
    expect(await post(body, signed)).toEqual([200, 1])
    expect(await post(body, signed)).toEqual([200, 0])
    expect(await post(body, signatureHeaders([secret], known, now + 1_000, body))).toEqual([200, 0])
    expect(await post(body, signatureHeaders([secret], randomUUID(), now - 400_000, body))).toEqual([403, undefined])
    expect(await post(order('mallory', 'o-3'), signed)).toEqual([403, undefined])
    expect(await post(body, { ...signed, 'webhook-id': randomUUID() })).toEqual([403, undefined])
    expect(await post(body, {})).toEqual([403, undefined])
    await heard(stage, 'mallory', 1)
    await seen(stage, id, 'mallory', hasEnded)
    expect((await look(stage, id)).filter((each) => each.contact.externalId === 'mallory').map((each) => each.key)).toEqual(['o-2'])
  })
})
