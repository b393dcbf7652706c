import { laneOf } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver, type InboxItem } from '../lanes/inbox.ts'
import type { MessageRow } from '../store/entities/message.ts'
import * as queries from '../store/queries/in-app.ts'
import { inWorkspace } from '../store/sql.ts'
import { contactsByIds, getContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { messagesByIds } from './messages.ts'
import type { Slice } from './slice.ts'

export type InAppRow = queries.InAppRow
export type InAppPlace = queries.InAppPlace

/** Whose messages are meant: with a contact's own token that contact, with an API key the one named. */
export async function inAppContact(services: Services, caller: Caller, contactId: string | null): Promise<string> {
  const id = contactId ?? caller.contactId
  if (id === undefined) throw new ThroughlineError('INVALID_INPUT', 'must be given with an API key', { path: ['contactId'] })
  const found = await getContact(services, caller, { id })
  if (found === null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contactId'] })
  return found.id
}

/** Asked anew each time: somebody may have been merged into the contact since. */
async function ownerOf(services: Services, caller: Caller, contactId: string): Promise<queries.InAppOwner> {
  const whole = (await contactsByIds(services, caller, [contactId])).get(contactId)
  const contactIds = whole === undefined ? [contactId] : [whole.id, ...whole.linked]
  return { contactIds, lanes: [...new Set(contactIds.map(laneOf))] }
}

/** Where a message stands in its list, and how such a position looks. */
export const inAppPosition = ({ priority, id }: { priority: number; id: string }): string => `${priority}/${id}`
export const IN_APP_POSITION = /^\d{1,3}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function readPosition(text: string | null | undefined): queries.InAppPosition | null {
  if (text == null) return null
  const [priority, id = ''] = text.split('/')
  return { priority: Number(priority), id }
}

/** What a contact is shown, the highest priority first, then the newest. */
export async function listInApp(services: Services, caller: Caller, contactId: string, place: InAppPlace, slice: Slice): Promise<InAppRow[]> {
  const owner = await ownerOf(services, caller, contactId)
  const part = { after: readPosition(slice.before), before: readPosition(slice.since), limit: slice.first, fromEnd: slice.oldestFirst ?? false }
  return inWorkspace(services.apiPool, caller.workspaceId, (client) => queries.listInApp(client, owner, place, part))
}

export async function countUnseenInApp(services: Services, caller: Caller, contactId: string, place: InAppPlace): Promise<number> {
  const owner = await ownerOf(services, caller, contactId)
  return inWorkspace(services.apiPool, caller.workspaceId, (client) => queries.countUnseenInApp(client, owner, place))
}

/** What changed for a contact since the instant an earlier call answered, some of it perhaps told before; from about now where there was none. */
export async function inAppSince(services: Services, caller: Caller, contactId: string, place: InAppPlace, since: number | null) {
  const owner = await ownerOf(services, caller, contactId)
  return inWorkspace(services.apiPool, caller.workspaceId, (client) => queries.inAppSince(client, owner, place, since))
}

export async function inAppByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, InAppRow>> {
  const lanes = [...new Set(ids.map(laneOf))]
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) => queries.readInApp(client, lanes, ids))
  return new Map(rows.map((row) => [row.id, row]))
}

interface Occurrence {
  messageId: string
  contactId: string
  status: 'DELIVERED' | 'OPENED' | 'CLICKED'
  at: number
  code?: string | undefined
  url?: string | undefined
}

function itemOf({ workspaceId }: Caller, { contactId, ...what }: Occurrence): InboxItem {
  return { kind: 'callback', data: { ...what, human: true }, workspaceId, contactId }
}

/**
 * A message is delivered once the contact's own session is given it; a workspace's server that looks at what a contact is
 * shown delivers nothing. Each message is counted once, whichever session was first.
 */
export async function handOver(services: Services, caller: Caller, rows: readonly InAppRow[]): Promise<void> {
  const fresh = rows.filter((row) => row.showing && row.delivered_at === null)
  if (caller.contactId === undefined || fresh.length === 0) return
  await inWorkspace(services.apiPool, caller.workspaceId, async (client) => {
    const delivered = await queries.deliverInApp(
      client,
      [...new Set(fresh.map((row) => row.lane))],
      fresh.map((row) => row.id),
    )
    const at = Date.now()
    const items = delivered.map((row) => itemOf(caller, { messageId: row.id, contactId: row.contact_id, status: 'DELIVERED', at }))
    await deliver(client, items, services.lanes)
  })
}

export interface ReportInApp {
  id: string
  what: queries.InAppReport
  at?: Date | null | undefined
  /** Clicks only: which button; the message itself where left out. */
  button?: string | null | undefined
}

/**
 * What an app saw happen to a message: in the ledger, and to other sessions of the same contact. One that another has
 * taken the place of since is reported all the same, and answered as null. Throws NOT_FOUND, CONFLICT, INVALID_INPUT.
 */
export async function reportInApp(services: Services, caller: Caller, input: ReportInApp): Promise<InAppRow | null> {
  const message = (await messagesByIds(services, caller, [input.id])).get(input.id)
  if (message?.channel !== 'in_app') throw new ThroughlineError('NOT_FOUND', 'There is no such InAppMessage.', { path: ['id'] })
  const contact = await getContact(services, caller, { id: message.contactId })
  if (message.attempt === 0) throw new ThroughlineError('CONFLICT', 'The message has not been sent.', { path: ['id'] })
  const at = Math.min(input.at?.getTime() ?? Date.now(), Date.now())
  return inWorkspace(services.apiPool, caller.workspaceId, async (client) => {
    const [before] = await queries.readInApp(client, [message.lane], [message.id])
    const occurred = occurrence(message, before, input, at)
    const changed = await queries.reportInApp(client, message.lane, message.id, input.what, at)
    const [after] = await queries.readInApp(client, [message.lane], [message.id])
    // Of what is not there any more the ledger knows whether it is news.
    const isNew = changed || after === undefined
    // Every click is told, since there may be several buttons; all else happens once.
    if (isNew || input.what === 'CLICKED') await deliver(client, [itemOf(caller, occurred)], services.lanes)
    if (changed && contact !== null) await queries.tellInApp(client, [contact.id, ...contact.linked])
    return after ?? null
  })
}

function occurrence(message: MessageRow, shown: InAppRow | undefined, { what, button }: ReportInApp, at: number): Occurrence {
  const found = { messageId: message.id, contactId: message.contactId, at }
  // Who closed it has seen it. The ledger has no word for closing, its history says it.
  if (what !== 'CLICKED') return { ...found, status: 'OPENED', code: what === 'DISMISSED' ? what : undefined }
  const link = (from: Json | undefined) => (typeof from === 'string' && from !== '' ? from : undefined)
  if (button == null) return { ...found, status: 'CLICKED', url: link(shown?.content.deepLink) }
  const buttons = (shown?.content.buttons ?? []) as { key: string; deepLink?: string }[]
  const pressed = buttons.find((each) => each.key === button)
  if (shown !== undefined && pressed === undefined)
    throw new ThroughlineError('INVALID_INPUT', `must be one of ${buttons.map((each) => each.key).join(', ')}`, { path: ['button'] })
  return { ...found, status: 'CLICKED', code: button.slice(0, 50), url: link(pressed?.deepLink) }
}
