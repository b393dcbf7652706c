import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { sandboxSubscription } from '../../src/sandbox/web-push-accounts.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/**
 * The example's own files in a real Chromium: page, service worker, requests to another origin, the push event and its
 * payload are the browser's. Three things it cannot do here stand in, each of them its own API: `pushManager.subscribe`
 * answers with a browser of the sandbox's push service, since there is no other; the push arrives by DevTools, with what
 * the sandbox decrypted; and notifications, which a browser without a screen has none of, are noted and clicked by hand, as
 * the renewal of the subscription is told by hand.
 */
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
const site = createServer((request, response) => {
  const path = request.url === '/' ? '/index.html' : (request.url ?? '')
  readFile(`examples/web-push${path}`).then(
    (file) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(file),
    () => response.writeHead(404).end(),
  )
})
let stage: Stage
let origin = ''
let journeyId = ''

beforeAll(async () => {
  stage = await openStage()
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const push = await stage.template('WEB_PUSH', {
    title: 'Hi {{ contact.firstName }}',
    body: 'Back in stock',
    url: 'https://shop.example/',
    actions: [{ action: 'buy', title: 'Buy', url: 'https://shop.example/buy' }],
  })
  journeyId = await stage.journey({
    reentry: { rule: 'EVERY_TIME' },
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'back.in.stock' } } },
      { key: 'browser', config: { webPush: { templateId: push, followUps: [{ on: 'CLICKED' }, { on: 'IGNORED', after: 'PT5M' }] } } },
      { key: 'thanks', config: { exit: { reason: 'clicked' } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'browser' },
      { from: 'browser', port: 'clicked', to: 'thanks' },
      { from: 'browser', port: 'ignored', to: 'thanks' },
    ],
  })
  await stage.client.run('mutation { upsertContact(input: { contact: { externalId: "ada" }, attributes: { firstName: "Ada" } }) { contact { id } } }')
})
afterAll(async () => {
  site.closeAllConnections()
  site.close()
  await stage.close()
})

const statuses = async () =>
  (
    await stage.client.run<{ messages: { edges: { node: { status: string; engagement: string[] } }[] } }>(
      'query ($journeyId: ID!) { messages(journeyId: $journeyId, first: 5) { edges { node { status engagement } } } }',
      { journeyId },
    )
  ).messages.edges.map(({ node }) => node)
const identities = async () =>
  (await stage.client.run<{ contact: { identities: unknown[] } }>('{ contact(ref: { externalId: "ada" }) { identities { channel status } } }'))
    .contact.identities

test.skipIf(!hasBrowser)('the example’s page registers a browser, its worker shows what is sent and reports it', async () => {
  const { issueContactToken } = await stage.client.run<{ issueContactToken: { token: string } }>(
    'mutation { issueContactToken(input: { contact: { externalId: "ada" } }) { token } }',
  )
  const browser = await openBrowser()
  try {
    const page = await browser.open(`${origin}/`)
    const { publicKey } = sandboxCredentials('story').webpush.settings
    const subscription = sandboxSubscription('ada-chromium', publicKey, stage.sandbox.url)
    await page.evaluate(`(() => {
      const subscription = { toJSON: () => (${JSON.stringify(subscription)}), unsubscribe: async () => { window.unsubscribed = true } }
      PushManager.prototype.subscribe = async function (options) {
        if (options.applicationServerKey !== '${publicKey}' || options.userVisibleOnly !== true) throw new Error('not with this key')
        PushManager.prototype.getSubscription = async () => subscription
        return subscription
      }
    })()`)
    const press = async (button: string, expected: string) => {
      await page.evaluate(`(() => {
        document.querySelector('#said').textContent = ''
        for (const [name, value] of Object.entries(${JSON.stringify({ api: stage.url, token: issueContactToken.token, contact: 'ada' })}))
          document.querySelector('[name=' + name + ']').value = value
        document.querySelector('[name=${button}]').click()
      })()`)
      const said = await until(() => page.evaluate<string | null>(`document.querySelector('#said').textContent || null`))
      expect(said).toBe(expected)
    }
    await press('subscribe', 'This browser is written to.')
    expect(await identities()).toEqual([{ channel: 'WEB_PUSH', status: 'ACTIVE' }])

    const worker = await browser.worker(`${origin}/`)
    await worker.page.evaluate(`(() => {
      self.shown = []
      ServiceWorkerRegistration.prototype.showNotification = async (title, options) => void self.shown.push({ title, ...options })
      self.clients.openWindow = async (url) => void (self.opened = url)
    })()`)
    await stage.event('ada', 'back.in.stock')
    const sent = await until(async () => stage.sandbox.log.entries().find((entry) => entry.to === 'ada-chromium'))
    expect(sent.outcome).toBe('accepted')
    await page.call('ServiceWorker.deliverPushMessage', { origin, registrationId: worker.registrationId, data: JSON.stringify(sent.payload) })
    const shown = await until(async () => (await worker.page.evaluate<object[]>('self.shown'))[0])
    expect(shown).toEqual({
      title: 'Hi Ada',
      body: 'Back in stock',
      actions: [{ action: 'buy', title: 'Buy' }],
      tag: sent.messageId,
      data: { throughline_message: sent.messageId, url: 'https://shop.example/', actions: { buy: 'https://shop.example/buy' } },
    })
    await until(async () => (await statuses()).some((each) => each.status === 'DELIVERED'))

    await worker.page.evaluate(`(async () => {
      const done = []
      const notification = { data: self.shown[0].data, close() { self.closed = true } }
      self.dispatchEvent(Object.assign(new ExtendableEvent('notificationclick'), { notification, action: 'buy', waitUntil: (work) => done.push(work) }))
      await Promise.all(done)
    })()`)
    expect(await worker.page.evaluate('[self.closed, self.opened]')).toEqual([true, 'https://shop.example/buy'])
    expect((await stage.ended(journeyId, 'ada')).endReason).toBe('clicked')
    expect(await statuses()).toEqual([{ status: 'DELIVERED', engagement: ['CLICKED'] }])

    // The browser renews its subscription: the address is another, the identity the same.
    const renewed = sandboxSubscription('ada-renewed', publicKey, stage.sandbox.url)
    await worker.page.evaluate(`(async () => {
      const done = []
      const newSubscription = { toJSON: () => (${JSON.stringify(renewed)}) }
      self.dispatchEvent(Object.assign(new ExtendableEvent('pushsubscriptionchange'), { newSubscription, waitUntil: (work) => done.push(work) }))
      await Promise.all(done)
    })()`)
    expect(await identities()).toEqual([{ channel: 'WEB_PUSH', status: 'ACTIVE' }])
    await stage.event('ada', 'back.in.stock')
    await until(async () => stage.sandbox.log.entries().some((entry) => entry.to === 'ada-renewed'))
    expect(stage.sandbox.log.entries().filter((entry) => entry.to === 'ada-chromium')).toHaveLength(1)

    await press('unsubscribe', 'This browser is not written to.')
    expect([await identities(), await page.evaluate('window.unsubscribed')]).toEqual([[], true])
  } finally {
    await browser.close()
  }
})
