/**
 * What a commit changed, as it travels through NOTIFY to every API process: ids only, per workspace. Objects
 * are read again by whoever has subscribers for them.
 */
export interface Changes {
  workspaceId: string
  enrollments: string[]
  messages: string[]
  journeys: string[]
  /** Tags of the contacts of which something was recorded; `EVERYBODY` alone where they are too many. Left out for none. */
  contacts?: string[]
  /** More changed than is listed: only the journeys are complete. */
  truncated: boolean
}

/** In the place of more contacts than are told of one by one. */
export const EVERYBODY = '*'

/**
 * The last four digits of a contact's id, which are as good as random. Few contacts are watched, and who hears of another one's
 * tag by chance (of 2,000 in one tick one in thirty) looks for nothing new; ids in full would double what every commit tells.
 */
export const tagOf = (contactId: string): string => contactId.slice(-TAG)
const TAG = 4

export const CHANGE_CHANNEL = 'throughline_change'

/** PostgreSQL refuses payloads of 8,000 bytes; ids are hex without dashes. */
const IDS_PER_PAYLOAD = 200
const MOST_PAYLOADS = 8
const MOST_TAGS = 1_500
/** A payload with no more ids than these has room for as many tags as there are. */
const IDS_BESIDE_TAGS = 20

const shorten = (id: string) => id.replaceAll('-', '')
const lengthen = (id: string) => `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`

/** As many payloads as it takes, up to a bound; beyond it a listener is told that it missed something. */
export function encodeChanges(changes: Changes): string[] {
  const ids = [...changes.enrollments.map((id) => ['e', id] as const), ...changes.messages.map((id) => ['m', id] as const)]
  const payloads: string[] = []
  const truncated = changes.truncated || ids.length > IDS_PER_PAYLOAD * MOST_PAYLOADS
  const kept = ids.slice(0, IDS_PER_PAYLOAD * MOST_PAYLOADS)
  const contacts = changes.contacts ?? []
  const tags = contacts.length > MOST_TAGS ? EVERYBODY : contacts.join('')
  const alone = tags !== '' && kept.length > IDS_BESIDE_TAGS
  if (alone) payloads.push(JSON.stringify({ w: shorten(changes.workspaceId), e: [], m: [], j: [], c: tags, t: 0 }))
  for (let start = 0; start === 0 || start < kept.length; start += IDS_PER_PAYLOAD) {
    const slice = kept.slice(start, start + IDS_PER_PAYLOAD)
    const pick = (kind: string) => slice.filter(([each]) => each === kind).map(([, id]) => shorten(id))
    payloads.push(
      JSON.stringify({
        w: shorten(changes.workspaceId),
        e: pick('e'),
        m: pick('m'),
        j: start === 0 ? changes.journeys.slice(0, 20).map(shorten) : [],
        ...(alone || tags === '' ? {} : { c: tags }),
        t: truncated && start === 0 ? 1 : 0,
      }),
    )
  }
  return payloads
}

/** null for a payload that is not ours. */
export function decodeChanges(payload: string): Changes | null {
  try {
    const { w, e, m, j, c, t } = JSON.parse(payload) as { w: string; e: string[]; m: string[]; j: string[]; c?: string; t: number }
    return {
      workspaceId: lengthen(w),
      enrollments: e.map(lengthen),
      messages: m.map(lengthen),
      journeys: j.map(lengthen),
      ...(c === undefined ? {} : { contacts: c.match(/[0-9a-f]{4}|[*]/g) ?? [] }),
      truncated: t === 1,
    }
  } catch {
    return null
  }
}
