import Fastify from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { linkRoutes } from '../../src/http/links.ts'
import type { Caller } from '../../src/services/context.ts'
import { shortenLinks } from '../../src/services/short-links.ts'
import { trackEmail, unsubscribeUrl } from '../../src/services/tracking.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const PERSON = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15'
const SHOP = 'https://shop.example/größe?q=日本&x=1'
let here: TestServices
let caller: Caller
let base: string
let links: { open: string; click: string; unsubscribe: string; short: string }
const http = Fastify({ routerOptions: { maxParamLength: 4_096 } })

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  await http.register(linkRoutes(here.services))
  base = await http.listen({ port: 0, host: '127.0.0.1' })
  const { id } = await handedOver(here, caller, await connected(here, caller, 'sendgrid'), null)
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const message = { id, workspace_id: caller.workspaceId }
  const { html } = trackEmail({ html: `<a href="${SHOP.replace('&', '&amp;')}">x</a>` }, keys, base, message, null)
  const [click = '', open = ''] = [...String(html).matchAll(/"(http:[^"]+)"/g)].map(([, url]) => String(url))
  links = {
    open,
    click,
    unsubscribe: unsubscribeUrl(keys, base, message),
    short: await shortenLinks(here.database.worker, keys, base, message, SHOP),
  }
})
beforeEach(() => arrived(here))
afterAll(async () => {
  await http.close()
  await here.close()
})

const visit = (url: string, init: RequestInit = {}, agent = PERSON) =>
  fetch(url, { redirect: 'manual', ...init, headers: { 'user-agent': agent, ...init.headers } })
const heard = async () => (await arrived(here)).map(({ data }) => [data.status, data.human, data.url])

test('the pixel is a picture that nobody may keep, and an open', async () => {
  const answer = await visit(links.open)
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([200, 'image/gif', 'no-store'])
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(0, 6)
      .toString(),
  ).toBe('GIF89a')
  expect(await heard()).toEqual([['OPENED', true, undefined]])
})

test('a pixel nobody made is a picture all the same: a mail with a broken picture is worse than an open not counted', async () => {
  const answer = await visit(`${links.open}x`)
  expect([answer.status, answer.headers.get('content-type'), await heard()]).toEqual([200, 'image/gif', []])
})

test('a click leads to where the link did, letters of any language included', async () => {
  const answer = await visit(links.click)
  expect([answer.status, answer.headers.get('location'), answer.headers.get('cache-control')]).toEqual([302, new URL(SHOP).href, 'no-store'])
  expect(await heard()).toEqual([['CLICKED', true, SHOP]])
})

test('a short link leads and counts alike, and tells machines from people', async () => {
  const answer = await visit(links.short)
  expect([answer.status, answer.headers.get('location'), answer.headers.get('cache-control')]).toEqual([302, new URL(SHOP).href, 'no-store'])
  await visit(links.short, {}, 'WhatsApp/2.24')
  await visit(links.short, { method: 'HEAD' })
  expect(await heard()).toEqual([
    ['CLICKED', true, SHOP],
    ['CLICKED', false, SHOP],
    ['CLICKED', false, SHOP],
  ])
  const wrong = await visit(`${links.short.slice(0, -1)}${links.short.endsWith('A') ? 'B' : 'A'}`)
  expect([wrong.status, await heard()]).toEqual([404, []])
})

test('machines are told from people', async () => {
  await visit(links.click, {}, 'Mozilla/5.0 (compatible; bingbot/2.0)')
  await visit(links.click, { method: 'HEAD' })
  await visit(links.open, { headers: { 'sec-purpose': 'prefetch;prerender' } })
  expect(await heard()).toEqual([
    ['CLICKED', false, SHOP],
    ['CLICKED', false, SHOP],
    ['OPENED', false, undefined],
  ])
})

test('a link nobody made leads nowhere: not by another purpose, not with another character', async () => {
  const token = links.click.slice(links.click.lastIndexOf('/') + 1)
  for (const url of [
    `${links.click}x`,
    links.click.replace(token, `x${token}`),
    `${base}/t/c/x`,
    `${base}/u/${token}`,
    links.unsubscribe.replace('/u/', '/t/c/'),
  ]) {
    const answer = await visit(url)
    expect([url, answer.status, answer.headers.get('location')]).toEqual([url, 404, null])
  }
  expect((await visit(`${base}/u/${token}`, { method: 'POST' })).status).toBe(404)
  expect(await heard()).toEqual([])
})

test('looking at the way to unsubscribe does nothing; the button does, and so does one click from a mail program', async () => {
  const page = await visit(links.unsubscribe)
  expect([page.status, page.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/html'])
  expect(await page.text()).toMatch(/<form method="post"><button/)
  await visit(links.unsubscribe, { method: 'HEAD' })
  expect(await heard()).toEqual([])
  const button = await visit(links.unsubscribe, { method: 'POST' })
  expect([button.status, await button.text()]).toEqual([200, expect.stringContaining('You are unsubscribed.')])
  // RFC 8058, by a machine on the person's behalf.
  const oneClick = { method: 'POST', body: 'List-Unsubscribe=One-Click', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  expect((await visit(links.unsubscribe, oneClick, 'bulk-unsubscriber bot')).status).toBe(200)
  const multipart = new FormData()
  multipart.set('List-Unsubscribe', 'One-Click')
  expect((await visit(links.unsubscribe, { method: 'POST', body: multipart })).status).toBe(200)
  expect(await heard()).toEqual(Array.from({ length: 3 }, () => ['UNSUBSCRIBED', true, undefined]))
})
