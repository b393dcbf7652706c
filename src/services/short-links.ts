import { laneOf } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { laneOfCode, replaceLinks, SHORT_CODE_LENGTH, shortCode } from '../domain/short-links.ts'
import type { Client } from '../store/ask.ts'
import { run, type Statement } from '../store/sql.ts'
import type { WorkspaceKeys } from '../store/vault.ts'
import type { Services } from './context.ts'
import type { TrackedMessage, Visit } from './tracking.ts'

const KEEP: Statement = {
  name: 'short_link_keep',
  text: `INSERT INTO short_link (lane, code, workspace_id, message_id, url) SELECT $1, code, $2, $3, url FROM unnest($4::text[], $5::text[]) AS k (code, url)
    ON CONFLICT (lane, code) DO NOTHING`,
}

/**
 * The text with short links for its links, kept before it is sent. A code is an HMAC under the workspace's key over message and
 * address: the next attempt at the same message makes the same ones, and nobody guesses any.
 */
export async function shortenLinks(client: Client, keys: WorkspaceKeys, publicUrl: string, message: TrackedMessage, text: string): Promise<string> {
  const lane = laneOf(message.id)
  const codes = new Map<string, string>()
  const shortened = replaceLinks(text, (url) => {
    if (!URL.canParse(url) || url.startsWith(`${publicUrl}/`)) return null
    const code = shortCode(lane, keys.blindIndex('short-link', `${message.id} ${url}`))
    codes.set(code, url)
    return `${publicUrl}/s/${code}`
  })
  if (codes.size > 0) await run(client, KEEP, [lane, message.workspace_id, message.id, [...codes.keys()], [...codes.values()]])
  return shortened
}

/** A content as it is sent: with short links where it asks for them. */
export async function withShortLinks(
  client: Client,
  keys: WorkspaceKeys,
  publicUrl: string,
  message: TrackedMessage,
  content: JsonObject,
): Promise<JsonObject> {
  const { body, shortenLinks: wanted, ...rest } = content
  if (wanted !== true || typeof body !== 'string') return content
  return { ...rest, body: await shortenLinks(client, keys, publicUrl, message, body) }
}

/** As long as the shortened text will be, for who reckons before there is a message. */
export function shortenedAlike(publicUrl: string, text: string): string {
  return replaceLinks(text, (url) =>
    URL.canParse(url) && !url.startsWith(`${publicUrl}/`) ? `${publicUrl}/s/${'x'.repeat(SHORT_CODE_LENGTH)}` : null,
  )
}

const FOLLOW: Statement = { name: 'short_link_follow', text: 'SELECT workspace_id, message_id, url FROM follow_short_link($1, $2)' }

/** Where a short link leads; null where there is none. */
export async function readShortLink(services: Services, code: string): Promise<Visit | null> {
  const lane = laneOfCode(code, services.lanes)
  if (lane === null) return null
  const [row] = await run<{ workspace_id: string; message_id: string; url: string }>(services.apiPool, FOLLOW, [lane, code])
  return row === undefined ? null : { workspaceId: row.workspace_id, messageId: row.message_id, url: row.url }
}
