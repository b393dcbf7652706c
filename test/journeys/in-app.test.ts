import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DemoClient, openDemoClient } from '../../src/demo/client.ts'
import { hasEnded, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** The in-app half of J3 and J4: an order's status that changes in place, and a reward shown on return. The app is away, comes back, and stays. */
let stage: Stage
let order: string
let reward: string
const apps: DemoClient[] = []

interface Shown {
  id: string
  surface: string
  title: string
  key: string | null
  revision: number
  showing: boolean
}
const FIELDS = 'id surface title key revision showing'

beforeAll(async () => {
  stage = await openStage()
  const status = (title: string) =>
    stage.template('IN_APP', {
      surface: 'LIVE_STATUS',
      title,
      key: 'order-{{ event.orderId }}',
      deepLink: 'app://orders/{{ event.orderId }}',
      ttl: 'P1D',
    })
  const confirmed = await status('{{ event.item }}: confirmed')
  const underWay = await status('{{ event.item }}: on its way')
  order = await stage.journey({
    nodes: [
      { key: 'placed', config: { eventTrigger: { event: 'order.placed', matchKey: 'orderId' } } },
      { key: 'confirmed', config: { inApp: { templateId: confirmed } } },
      { key: 'courier', config: { wait: { events: [{ name: 'assigned', event: 'courier.assigned', matchKey: 'orderId' }], timeout: 'P1D' } } },
      { key: 'underWay', config: { inApp: { templateId: underWay } } },
    ],
    edges: [
      { from: 'placed', port: 'next', to: 'confirmed' },
      { from: 'confirmed', port: 'next', to: 'courier' },
      { from: 'courier', port: 'assigned', to: 'underWay' },
    ],
  })
  const offer = await stage.template('IN_APP', {
    surface: 'MODAL',
    title: 'Welcome back',
    buttons: [
      { key: 'take', label: 'Take it', deepLink: 'app://reward' },
      { key: 'leave', label: 'Not now' },
    ],
    priority: 90,
  })
  const card = await stage.template('IN_APP', { surface: 'INBOX', title: 'Your reward' })
  reward = await stage.journey({
    nodes: [
      { key: 'back', config: { eventTrigger: { event: 'app.opened' } } },
      { key: 'offer', config: { inApp: { templateId: offer, followUps: [{ on: 'CLICKED' }, { on: 'IGNORED', after: 'PT4S' }] } } },
      { key: 'card', config: { inApp: { templateId: card } } },
      { key: 'none', config: { exit: { reason: 'ignored' } } },
    ],
    edges: [
      { from: 'back', port: 'next', to: 'offer' },
      { from: 'offer', port: 'clicked', to: 'card' },
      { from: 'offer', port: 'ignored', to: 'none' },
    ],
  })
})
afterAll(async () => {
  for (const app of apps) await app.close()
  await stage.close()
})

/** A session of the contact's own app. */
async function app(externalId: string): Promise<DemoClient> {
  const answer = await stage.client.run<{ issueContactToken: { token: string } }>(
    'mutation ($contact: ContactRef!) { issueContactToken(input: { contact: $contact }) { token userErrors { message path } } }',
    { contact: { externalId } },
  )
  const session = openDemoClient(stage.url, answer.issueContactToken.token)
  apps.push(session)
  return session
}

/** What it hears from now on. */
function listen(session: DemoClient): Shown[] {
  const heard: Shown[] = []
  session.subscribe<{ inAppMessage: Shown }>(`subscription { inAppMessage { ${FIELDS} } }`, {}, (value) => heard.push(value.inAppMessage))
  return heard
}

const shown = async (session: DemoClient) =>
  (await session.run<{ inAppMessages: { edges: { node: Shown }[] } }>(`{ inAppMessages { edges { node { ${FIELDS} } } } }`)).inAppMessages.edges.map(
    (edge) => edge.node,
  )
const titles = (all: readonly Shown[]) => all.map((each) => each.title)
describe('an order followed in the app', () => {
  test('whoever was away finds it on coming back, and it is delivered then', async () => {
    await stage.event('ada', 'order.placed', { orderId: '1', item: 'lamp' })
    await stage.event('ada', 'order.placed', { orderId: '2', item: 'rug' })
    for (const key of ['1', '2']) await seen(stage, order, 'ada', (one) => one.key === key && one.messages[0]?.status === 'SENT')
    const phone = await app('ada')
    expect(titles(await shown(phone)).sort()).toEqual(['lamp: confirmed', 'rug: confirmed'])
    for (const key of ['1', '2']) await seen(stage, order, 'ada', (one) => one.key === key && one.messages[0]?.status === 'DELIVERED')
  })

  test('whoever is there hears of it at once, and it changes in place', async () => {
    const phone = await app('ada')
    const heard = listen(phone)
    await until(async () => heard.length === 2)
    await stage.event('ada', 'courier.assigned', { orderId: '1' })
    await until(async () => heard.length > 2)
    expect(heard[2]).toMatchObject({ surface: 'LIVE_STATUS', title: 'lamp: on its way', key: 'order-1', revision: 2, showing: true })
    expect(titles(await shown(phone)).sort()).toEqual(['lamp: on its way', 'rug: confirmed'])
    const end = await seen(
      stage,
      order,
      'ada',
      (one) => one.key === '1' && one.messages.every((each) => each.status === 'DELIVERED') && hasEnded(one),
    )
    expect([end.state, end.path]).toEqual(['COMPLETED', ['placed:next', 'confirmed:next', 'courier:assigned', 'underWay:next']])
    expect(heard).toHaveLength(3)
  })

  test('a worker that sends them again changes nothing', async () => {
    const phone = await app('ada')
    const before = await shown(phone)
    const heard = listen(phone)
    await until(async () => heard.length === 2)
    const database = new pg.Client({ connectionString: stage.databaseUrl })
    await database.connect()
    // As if no report of the first time had ever come.
    await database.query(`UPDATE message SET status = 'DEFERRED', due_at = now() WHERE channel = 'in_app'`)
    await database.end()
    const repeated = (key: string, n: number) =>
      seen(
        stage,
        order,
        'ada',
        (one) => one.key === key && one.messages.length === n && one.messages.every((each) => each.attempt === 2 && each.status === 'SENT'),
      )
    await Promise.all([repeated('1', 2), repeated('2', 1)])
    expect(await shown(phone)).toEqual(before)
    expect(heard.map(({ title, revision }) => [title, revision]).sort()).toEqual([
      ['lamp: on its way', 2],
      ['rug: confirmed', 1],
    ])
  })
})

describe('a reward on return', () => {
  test('whoever clicks gets it, and is asked no more once it is closed, on any device', async () => {
    const [phone, browser] = [await app('bob'), await app('bob')]
    const heard = listen(phone)
    await stage.event('bob', 'app.opened')
    await until(async () => heard.length > 0)
    const [offer] = heard
    await phone.run('mutation ($id: ID!) { reportInAppClicked(input: { id: $id, button: "take" }) { userErrors { message path } } }', {
      id: offer?.id,
    })
    await until(async () => heard.some((each) => each.title === 'Your reward'))
    const end = await seen(stage, reward, 'bob', hasEnded)
    expect([end.state, end.path]).toEqual(['COMPLETED', ['back:next', 'offer:clicked', 'card:next']])
    expect(titles(await shown(browser))).toEqual(['Welcome back', 'Your reward'])
    await browser.run('mutation ($id: ID!) { reportInAppDismissed(input: { id: $id }) { userErrors { message path } } }', { id: offer?.id })
    await until(async () => heard.some((each) => !each.showing))
    expect(heard.map(({ title, showing }) => [title, showing])).toEqual([
      ['Welcome back', true],
      ['Welcome back', true],
      ['Your reward', true],
      ['Welcome back', false],
    ])
    expect(titles(await shown(phone))).toEqual(['Your reward'])
  })

  test('whoever only looks is ignoring it', async () => {
    const phone = await app('eve')
    await stage.event('eve', 'app.opened')
    const [offer] = await until(async () => {
      const now = await shown(phone)
      return now.length > 0 && now
    })
    expect(offer?.title).toBe('Welcome back')
    const end = await seen(stage, reward, 'eve', hasEnded)
    expect([end.state, end.endReason, end.path]).toEqual(['EXITED', 'ignored', ['back:next', 'offer:ignored', 'none']])
    expect(end.messages.map((each) => each.status)).toEqual(['DELIVERED'])
  })
})
