import { timingSafeEqual } from 'node:crypto'
import type { CallbackStatus } from '../domain/delivery.ts'
import { isLanedId, laneOf } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver } from '../lanes/inbox.ts'
import { inWorkspace, run, type Statement } from '../store/sql.ts'
import type { WorkspaceKeys } from '../store/vault.ts'
import type { Services } from './context.ts'
import { fromBytes, toBytes } from './signed-ids.ts'
import { keysOf } from './workspace-keys.ts'

type Purpose = 'open' | 'click' | 'unsubscribe'
export interface TrackedMessage {
  id: string
  workspace_id: string
}

/**
 * `base64url(workspace | message | url).mac`: 32 bytes of ids, then the address a click leads to. The code is
 * an HMAC under the workspace's key over purpose and payload, so that neither message nor target can be chosen
 * by a stranger, and a link made for one purpose does not serve another.
 */
function token(keys: WorkspaceKeys, purpose: Purpose, message: TrackedMessage, url = ''): string {
  const payload = Buffer.concat([toBytes(message.workspace_id), toBytes(message.id), Buffer.from(url)]).toString('base64url')
  return `${payload}.${keys.blindIndex(`link:${purpose}`, payload)}`
}

/** Where the person who got this message unsubscribes, without a login. */
export function unsubscribeUrl(keys: WorkspaceKeys, publicUrl: string, message: TrackedMessage): string {
  return `${publicUrl}/u/${token(keys, 'unsubscribe', message)}`
}

const ANCHOR = /<a[\s/]/gi
const HREF = /([\s"'/]href\s*=\s*)(["'])(https?:\/\/(?:(?!\2)[^<>])+)\2/i
/** More addresses than a mail has; each costs a signature, and a mail is made on the thread that everybody's mails are made on. */
const MOST_COUNTED = 1_000
/** The longest path segment the server takes. A link that would be longer leads where it leads uncounted. */
const LONGEST = 4_096

/** The counted link to an address as it stands in HTML; null for one that browsers cannot follow either. */
function counted(keys: WorkspaceKeys, message: TrackedMessage, written: string): string | null {
  const url = written.replaceAll('&amp;', '&')
  const made = URL.canParse(url) ? token(keys, 'click', message, url) : ''
  return made === '' || made.length > LONGEST ? null : made
}

/**
 * The HTML with the addresses of its links replaced; null from `make` leaves one as it is. Tag by tag: one expression for all of it takes the
 * square of what a hostile template has of beginnings that never end.
 */
function replaceLinks(html: string, make: (url: string) => string | null): string {
  const parts: string[] = []
  let from = 0
  ANCHOR.lastIndex = 0
  for (let tag = ANCHOR.exec(html); tag !== null; tag = ANCHOR.exec(html)) {
    const end = html.indexOf('>', tag.index)
    if (end < 0) break
    const found = HREF.exec(html.slice(tag.index, end))
    const [, before = '', quote = '', url = ''] = found ?? []
    const link = found === null ? null : make(url)
    if (found !== null && link !== null) {
      const at = tag.index + found.index
      parts.push(html.slice(from, at), before, quote, link, quote)
      from = at + found[0].length
    }
    ANCHOR.lastIndex = end
  }
  return parts.join('') + html.slice(from)
}

/** The same mail with counted links, a pixel, and, where it may be unsubscribed from, a link that does. */
export function trackEmail(
  content: JsonObject,
  keys: WorkspaceKeys,
  publicUrl: string,
  message: TrackedMessage,
  unsubscribe: string | null,
): JsonObject {
  const html = typeof content.html === 'string' ? content.html : ''
  const made = new Map<string, string | null>()
  const linked = replaceLinks(html, (url) => {
    if (!made.has(url)) made.set(url, made.size < MOST_COUNTED ? counted(keys, message, url) : null)
    const link = made.get(url) ?? null
    return link === null ? null : `${publicUrl}/t/c/${link}`
  })
  const footer = unsubscribe === null ? '' : `<p style="font-size:12px;color:#666"><a href="${unsubscribe}">Unsubscribe</a></p>`
  const pixel = `<img src="${publicUrl}/t/o/${token(keys, 'open', message)}" width="1" height="1" alt="" style="display:none">`
  const end = /<\/body>/i.exec(linked)?.index ?? linked.length
  const text = typeof content.text === 'string' && unsubscribe !== null ? { text: `${content.text}\n\nUnsubscribe: ${unsubscribe}` } : {}
  return { ...content, ...text, html: `${linked.slice(0, end)}${footer}${pixel}${linked.slice(end)}` }
}

export interface Visit {
  workspaceId: string
  messageId: string
  /** Where a click leads; '' otherwise. */
  url: string
}

/** Reads a link; null where it was not made here, or for something else. */
export async function readLink(services: Services, purpose: Purpose, text: string): Promise<Visit | null> {
  const [payload, mac] = text.split('.')
  const raw = Buffer.from(payload ?? '', 'base64url')
  if (payload === undefined || mac === undefined || raw.length < 32) return null
  const workspaceId = fromBytes(raw, 0)
  const messageId = fromBytes(raw, 16)
  if (!isLanedId(messageId, services.lanes)) return null
  const keys = await inWorkspace(services.apiPool, workspaceId, (client) => keysOf(services, client, workspaceId)).catch((error: unknown) => {
    // A workspace that does not exist; that the database is away says nothing about the link.
    if (error instanceof ThroughlineError && error.code === 'NOT_FOUND') return null
    throw error
  })
  const expected = Buffer.from(keys?.blindIndex(`link:${purpose}`, payload) ?? '')
  const given = Buffer.from(mac)
  if (keys === null || expected.length !== given.length || !timingSafeEqual(expected, given)) return null
  return { workspaceId, messageId, url: raw.subarray(32).toString() }
}

const CONTACT: Statement = { name: 'tracking_contact', text: 'SELECT contact_id FROM message WHERE lane = $1 AND id = $2' }

/** Tells the ring that somebody, or something, opened, clicked or unsubscribed. */
export async function recordVisit(
  services: Services,
  visit: Visit,
  status: Extract<CallbackStatus, 'OPENED' | 'CLICKED' | 'UNSUBSCRIBED'>,
  human: boolean,
): Promise<void> {
  const { workspaceId, messageId, url } = visit
  await inWorkspace(services.apiPool, workspaceId, async (client) => {
    const [row] = await run<{ contact_id: string }>(client, CONTACT, [laneOf(messageId), messageId])
    if (row === undefined) return
    await deliver(
      client,
      [
        {
          kind: 'callback',
          data: { messageId, status, human, at: Date.now(), ...(url === '' ? {} : { url }) },
          workspaceId,
          contactId: row.contact_id,
        },
      ],
      services.lanes,
    )
  })
}
