import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { laneOf } from '../../src/domain/ids.ts'
import type { Caller } from '../../src/services/context.ts'
import { readLink, recordVisit, trackEmail, unsubscribeUrl } from '../../src/services/tracking.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import type { WorkspaceKeys } from '../../src/store/vault.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const PUBLIC = 'https://t.example'
let here: TestServices
let caller: Caller
let keys: WorkspaceKeys
let message: { id: string; workspace_id: string; contactId: string }
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  caller = await here.workspace()
  keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const { id, contactId } = await handedOver(here, caller, await connected(here, caller, 'sendgrid'), null)
  message = { id, contactId, workspace_id: caller.workspaceId }
})
afterEach(() => void vi.restoreAllMocks())
afterAll(() => here.close())

const track = (html: string, unsubscribe: string | null = null, text?: string) =>
  trackEmail({ subject: 'Hi', html, ...(text === undefined ? {} : { text }) }, keys, PUBLIC, message, unsubscribe) as Record<string, string>
const tokensOf = (html: string | undefined, way: 'c' | 'o' | 'u') =>
  [...(html ?? '').matchAll(new RegExp(`${PUBLIC}/(?:t/)?${way}/([\\w.-]+)`, 'g'))].map(([, token]) => String(token))

describe('a mail', () => {
  test('leads through counted links to where it led before', async () => {
    const urls = ['https://shop.example/a?b=1&amp;c=2', 'http://shop.example/größe/日本', "https://shop.example/it's"]
    const { html } = track(`<p><a class="x" href="${urls[0]}">a</a> <A HREF='${urls[1]}'>b</A><a href="${urls[2]}">c</a></p>`)
    expect(html).not.toContain('shop.example')
    const read = await Promise.all(tokensOf(html, 'c').map((token) => readLink(here.services, 'click', token)))
    const visit = { workspaceId: caller.workspaceId, messageId: message.id }
    expect(read).toEqual([
      { ...visit, url: 'https://shop.example/a?b=1&c=2' },
      { ...visit, url: 'http://shop.example/größe/日本' },
      { ...visit, url: "https://shop.example/it's" },
    ])
  })

  test('keeps links that cannot be counted as they are', () => {
    const links = [
      'mailto:ada@example.com',
      'tel:+1',
      '#top',
      '/relative',
      'javascript:alert(1)',
      'https://',
      'https://a b/',
      `https://shop.example/${'x'.repeat(3_000)}`,
    ]
    const body = links.map((link) => `<a href="${link}">x</a>`).join('')
    expect(track(body).html?.startsWith(body)).toBe(true)
  })

  test('counts what its links lead to, whatever else their tags hold', () => {
    const led = (tag: string) => [tag, track(`${tag}x</a>`).html?.includes(`${PUBLIC}/t/c/`)]
    for (const tag of ['<a\nhref="https://b.example/">', '<a title="x" href = \'https://b.example/\' >', '<A data-x="1"href="https://b.example/">'])
      expect(led(tag)).toEqual([tag, true])
    for (const tag of ['<a data-href="https://b.example/">', '<abbr href="https://b.example/">', '<a href="https://b.example/>', '<a>'])
      expect(led(tag)).toEqual([tag, false])
    expect(track('<a data-href="https://a.example/" href="https://b.example/">x</a>').html).toMatch(
      /^<a data-href="https:\/\/a\.example\/" href="https:\/\/t\.example\/t\/c\/[\w.-]+">x<\/a><img /,
    )
  })

  test('counts a thousand addresses at most, the same ones alike', () => {
    const links = Array.from({ length: 1_001 }, (_, n) => `<a href="https://b.example/${n}">x</a>`).join('')
    const tokens = tokensOf(track(links + links).html, 'c')
    expect([tokens.length, new Set(tokens).size]).toEqual([2_000, 1_000])
  })

  // Where it took the square of their length, each of these held the process up for minutes: the test would run out of time.
  test('is read in one go, however it is made', () => {
    for (const part of ['<a ', '<a href="', '<a href="http://', '<a\t"href=', '<a href =  '])
      expect(track(part.repeat(400_000)).html?.startsWith(part)).toBe(true)
  })

  test('has one pixel, at the end of what is seen, and where it may be unsubscribed from a way to, in the text, too', async () => {
    const plain = track('<p>Hi</p>')
    expect(plain.html).toMatch(/^<p>Hi<\/p><img src="https:\/\/t\.example\/t\/o\/[\w.-]+" width="1" height="1" alt="" style="display:none">$/)
    const whole = track('<html><body><p>Hi</p></body></html>', 'https://t.example/u/x', 'Hi')
    expect(whole.html).toMatch(
      /^<html><body><p>Hi<\/p><p [^>]*><a href="https:\/\/t\.example\/u\/x">Unsubscribe<\/a><\/p><img [^>]+><\/body><\/html>$/,
    )
    expect(whole.text).toBe('Hi\n\nUnsubscribe: https://t.example/u/x')
    expect(track('<p>Hi</p>', null, 'Hi').text).toBe('Hi')
    expect(await readLink(here.services, 'open', tokensOf(plain.html, 'o')[0] ?? '')).toEqual({
      workspaceId: caller.workspaceId,
      messageId: message.id,
      url: '',
    })
  })
})

describe('a link', () => {
  const made = () => tokensOf(unsubscribeUrl(keys, PUBLIC, message), 'u')[0] ?? expect.fail('there is no token')

  test('serves the purpose it was made for, and no other', async () => {
    const token = made()
    expect(await readLink(here.services, 'unsubscribe', token)).toEqual({ workspaceId: caller.workspaceId, messageId: message.id, url: '' })
    for (const purpose of ['open', 'click'] as const) expect(await readLink(here.services, purpose, token)).toBeNull()
  })

  test('may not have another character, be cut short or made up', async () => {
    const token = made()
    for (let at = 0; at < token.length; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect([at, await readLink(here.services, 'unsubscribe', changed)]).toEqual([at, null])
    }
    const [payload = '', mac = ''] = token.split('.')
    for (const text of ['', '.', payload, `${payload}.`, `.${mac}`, `${payload}.${mac.slice(0, -1)}`, `${'A'.repeat(200)}.${mac}`])
      expect(await readLink(here.services, 'unsubscribe', text)).toBeNull()
  })

  test('of another workspace’s key is none of this one’s', async () => {
    const other = await here.workspace()
    const theirs = await keysOf(here.services, here.database.worker, other.workspaceId)
    const forged = tokensOf(unsubscribeUrl(theirs, PUBLIC, message), 'u')[0] ?? ''
    expect(await readLink(here.services, 'unsubscribe', forged)).toBeNull()
  })

  test('is not called invalid because the database is away', async () => {
    const token = made()
    vi.spyOn(here.database.api, 'connect').mockImplementation(() => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })))
    await expect(readLink(here.services, 'unsubscribe', token)).rejects.toThrow('away')
  })
})

test('a visit goes to the message’s contact, with the address for a click; one to a message that is gone is let go', async () => {
  const visit = { workspaceId: caller.workspaceId, messageId: message.id, url: '' }
  const before = Date.now()
  await recordVisit(here.services, visit, 'OPENED', false)
  await recordVisit(here.services, { ...visit, url: 'https://shop.example/' }, 'CLICKED', true)
  await recordVisit(here.services, { ...visit, messageId: newLanedId(laneOf(message.id)) }, 'UNSUBSCRIBED', true)
  const items = await arrived(here)
  const at = expect.any(Number)
  const to = { lane: laneOf(message.id), kind: 'callback', contact_id: message.contactId, reference: null }
  expect(items).toEqual([
    { ...to, data: { messageId: message.id, status: 'OPENED', human: false, at } },
    { ...to, data: { messageId: message.id, status: 'CLICKED', human: true, at, url: 'https://shop.example/' } },
  ])
  expect(items.every(({ data }) => Number(data.at) >= before && Number(data.at) <= Date.now())).toBe(true)
})
