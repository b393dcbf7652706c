import type { EntityManager } from '@mikro-orm/postgresql'
import type { AttachmentReference } from '../domain/content/email-attachments.ts'
import { contentTypeFault, fileNameFault, LARGEST_TOTAL, LARGEST_UPLOAD } from '../domain/content/email-attachments.ts'
import { holdsLiquid } from '../domain/content/payload.ts'
import type { JsonObject } from '../domain/json.ts'
import { whyNotOutgoing } from '../domain/public-address.ts'
import { ThroughlineError } from '../errors.ts'
import { type AttachmentRow, AttachmentTable } from '../store/entities/attachment.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { isId } from './input.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'

/** Keeps a file that templates may attach. `base64` is RFC 4648's own alphabet, padded. */
export async function uploadAttachment(
  services: Services,
  caller: Caller,
  input: { name: string; contentType: string; base64: string; idempotencyKey?: string | null | undefined },
): Promise<string> {
  const { name, contentType } = input
  const refuse = (path: string, message: string) => new ThroughlineError('INVALID_INPUT', message, { path: [path] })
  const nameFault = fileNameFault(name)
  if (nameFault !== null) throw refuse('name', nameFault)
  const typeFault = contentTypeFault(contentType)
  if (typeFault !== null) throw refuse('contentType', typeFault)
  const content = Buffer.from(input.base64, 'base64')
  // Buffer passes over what it cannot read: only a text that comes back the same was base64.
  if (content.length === 0 || content.toString('base64') !== input.base64) throw refuse('base64', 'is no base64')
  if (content.length > LARGEST_UPLOAD) throw refuse('base64', `holds more than ${LARGEST_UPLOAD} bytes`)
  return once(services, caller, 'uploadAttachment', input.idempotencyKey, input, async (em) => {
    const id = newId()
    em.create(AttachmentTable, { id, workspaceId: caller.workspaceId, name, contentType, size: content.length, content, createdAt: new Date() })
    await em.flush()
    return id
  })
}

/** What is known of a file, its bytes left where they are. */
export type AttachmentView = Omit<AttachmentRow, 'content'>

const VIEWED = ['id', 'workspaceId', 'name', 'contentType', 'size', 'createdAt'] as const

const findFiles = async (em: EntityManager, ids: readonly string[]): Promise<Map<string, AttachmentView>> => {
  const rows = await em.find(AttachmentTable, { id: { $in: ids.filter(isId) } }, { fields: VIEWED })
  return new Map(rows.map((row) => [row.id, row as AttachmentView]))
}

export async function attachmentsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, AttachmentView>> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => findFiles(em, ids))
}

/** Newest first. */
export async function listAttachments(services: Services, caller: Caller, slice: Slice): Promise<AttachmentView[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(AttachmentTable, idsWithin(slice), { ...orderOf(slice), fields: VIEWED }),
  )
  return rows as AttachmentView[]
}

/** Refuses a mail whose files are not there or where nobody may reach, are too much together, or have names that nobody would take. */
export async function checkAttachments(
  em: EntityManager,
  privateHosts: readonly string[],
  content: JsonObject,
  path: readonly string[],
): Promise<void> {
  const references = (content.attachments ?? []) as AttachmentReference[]
  if (references.length === 0) return
  const known = await findFiles(
    em,
    references.flatMap((each) => each.file ?? []),
  )
  let total = 0
  references.forEach((each, index) => {
    const at = [...path, 'attachments', String(index)]
    const file = each.file === undefined ? undefined : known.get(each.file)
    if (each.file !== undefined && file === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such file.', { path: [...at, 'file'] })
    total += file?.size ?? 0
    const fault = each.name === undefined || holdsLiquid(each.name) ? null : fileNameFault(each.name)
    if (fault !== null) throw new ThroughlineError('TEMPLATE_INVALID', fault, { path: [...at, 'name'] })
    const url = each.url?.trim()
    const urlFault = url === undefined || holdsLiquid(url) ? null : whyNotOutgoing(url, { privateHosts, httpsOnly: true })
    if (urlFault !== null) throw new ThroughlineError('TEMPLATE_INVALID', urlFault, { path: [...at, 'url'] })
    const typeFault = each.contentType === undefined ? null : contentTypeFault(each.contentType)
    if (typeFault !== null) throw new ThroughlineError('TEMPLATE_INVALID', typeFault, { path: [...at, 'contentType'] })
  })
  if (total > LARGEST_TOTAL)
    throw new ThroughlineError('TEMPLATE_INVALID', `are more than ${LARGEST_TOTAL} bytes together`, { path: [...path, 'attachments'] })
}
