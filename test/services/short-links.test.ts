import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Caller } from '../../src/services/context.ts'
import { readShortLink, shortenedAlike, shortenLinks, withShortLinks } from '../../src/services/short-links.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import type { WorkspaceKeys } from '../../src/store/vault.ts'
import { connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const PUBLIC = 'https://t.example'
let here: TestServices
let caller: Caller
let keys: WorkspaceKeys
let message: { id: string; workspace_id: string }
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  caller = await here.workspace()
  keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const { id } = await handedOver(here, caller, await connected(here, caller, 'twilio'), null)
  message = { id, workspace_id: caller.workspaceId }
})
afterAll(() => here.close())

const shorten = (text: string, of = message) => shortenLinks(here.database.worker, keys, PUBLIC, of, text)
const codesOf = (text: string) => [...text.matchAll(/https:\/\/t\.example\/s\/([\w-]{12})(?![\w-])/g)].map(([, code]) => String(code))

test('links become short ones that lead where they led, the same at every attempt', async () => {
  const long = 'Look: https://shop.example/größe?q=日本&x=1, https://shop.example/b. And https://shop.example/b!'
  const short = await shorten(long)
  const [first = '', second = '', third] = codesOf(short)
  expect(short).toBe(`Look: ${PUBLIC}/s/${first}, ${PUBLIC}/s/${second}. And ${PUBLIC}/s/${third}!`)
  expect(second).toBe(third)
  const visit = { workspaceId: caller.workspaceId, messageId: message.id }
  expect(await readShortLink(here.services, first)).toEqual({ ...visit, url: 'https://shop.example/größe?q=日本&x=1' })
  expect(await readShortLink(here.services, second)).toEqual({ ...visit, url: 'https://shop.example/b' })
  expect(await shorten(long)).toBe(short)
  expect(shortenedAlike(PUBLIC, long)).toHaveLength(short.length)
})

test('a content has short links where it asks for them, and no other', async () => {
  const body = 'https://shop.example'
  const made = async (content: JsonObject) => withShortLinks(here.database.worker, keys, PUBLIC, message, content)
  expect(await made({ body, mediaUrls: [body], shortenLinks: true })).toEqual({ body: await shorten(body), mediaUrls: [body] })
  for (const content of [{ body }, { body, shortenLinks: false }, { html: body, shortenLinks: true }]) expect(await made(content)).toBe(content)
})

test('another message’s links have other codes', async () => {
  const { id } = await handedOver(here, caller, await connected(here, caller, 'fcm'), null)
  const [mine, other] = [await shorten('https://shop.example'), await shorten('https://shop.example', { ...message, id })]
  expect(mine).not.toBe(other)
})

test('what leads to us already, or nowhere, is left as it is', async () => {
  for (const text of [`Stop: ${PUBLIC}/u/abc`, 'no link', 'https://'])
    expect([await shorten(text), shortenedAlike(PUBLIC, text)]).toEqual([text, text])
})

test('a code that was not made leads nowhere', async () => {
  const [code = ''] = codesOf(await shorten('https://shop.example'))
  const other = `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`
  for (const each of [other, '', "' OR 1=1 --", '__AAAAAAAAAA', `${code}x`])
    expect([each, await readShortLink(here.services, each)]).toEqual([each, null])
})
