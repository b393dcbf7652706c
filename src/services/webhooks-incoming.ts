import { randomBytes } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { type IncomingMapping, incomingMappingShape, mappingFault, type Verification } from '../domain/incoming-webhook.ts'
import { ThroughlineError } from '../errors.ts'
import { type IncomingWebhookRow, IncomingWebhookTable } from '../store/entities/incoming-webhook.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { conform, isId, nameOf } from './input.ts'
import { onceTelling } from './told-secrets.ts'
import { clientOf, oneAtATime } from './transaction.ts'
import { isSigningSecret, makeSigningSecret } from './webhooks-signature.ts'
import { keysOf } from './workspace-keys.ts'

/** An incoming webhook without its secret, and the address that others call. */
export type IncomingView = Omit<IncomingWebhookRow, 'secret' | 'token'> & { url: string }

const MOST = 50
const SHORTEST_SECRET = 16
const LONGEST_SECRET = 500

const view = ({ config }: Services, row: IncomingWebhookRow): IncomingView => {
  const { id, workspaceId, name, verification, header, mapping, lastProblem, lastProblemAt, disabledAt, createdAt, updatedAt } = row
  const url = `${config.publicUrl}/in/${row.token}`
  return { id, workspaceId, name, verification, header, mapping, lastProblem, lastProblemAt, disabledAt, createdAt, updatedAt, url }
}

function mappingOf(given: object): IncomingMapping {
  const mapping = conform(incomingMappingShape, given, ['mapping'])
  const fault = mappingFault(mapping)
  if (fault !== null) throw new ThroughlineError('INVALID_INPUT', fault.message, { path: ['mapping', fault.path] })
  return mapping
}

/** Where HMAC_SHA256 looks for its signature. */
function headerOf(verification: Verification, header: string | null | undefined): string | null {
  if (verification !== 'HMAC_SHA256') {
    if (header != null) throw new ThroughlineError('INVALID_INPUT', 'is for HMAC_SHA256 alone', { path: ['header'] })
    return null
  }
  if (header == null || !/^[A-Za-z0-9-]{1,100}$/.test(header))
    throw new ThroughlineError('INVALID_INPUT', 'must name the header with the signature, such as X-Hub-Signature-256', { path: ['header'] })
  return header.toLowerCase()
}

/** The secret given, or a new one where none was; `made` is what the caller has to be told. */
function secretOf(verification: Verification, given: string | null | undefined): { secret: string; made: string | null } {
  if (given == null) {
    const made = verification === 'STANDARD' ? makeSigningSecret() : randomBytes(32).toString('base64url')
    return { secret: made, made }
  }
  if (verification === 'STANDARD' ? !isSigningSecret(given) : given.length < SHORTEST_SECRET || given.length > LONGEST_SECRET) {
    const form =
      verification === 'STANDARD' ? 'must be `whsec_` and 24 to 64 bytes in base64' : `must have ${SHORTEST_SECRET} to ${LONGEST_SECRET} characters`
    throw new ThroughlineError('INVALID_INPUT', form, { path: ['secret'] })
  }
  return { secret: given, made: null }
}

async function find(em: EntityManager, id: string): Promise<IncomingWebhookRow> {
  const row = isId(id) ? await em.findOne(IncomingWebhookTable, { id }) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such incoming webhook.', { path: ['id'] })
  return row
}

/** An address of its own that others may call from now on. `secret` is what they sign with where one had to be made; it is answered this once. */
export async function createIncoming(
  services: Services,
  caller: Caller,
  input: {
    name: string
    verification: Verification
    header?: string | null | undefined
    secret?: string | null | undefined
    mapping: object
    idempotencyKey?: string | null | undefined
  },
): Promise<{ webhook: IncomingView; secret: string | null }> {
  const { workspaceId } = caller
  const name = nameOf(input.name, 'name')
  const header = headerOf(input.verification, input.header)
  const mapping = mappingOf(input.mapping)
  const { secret, made } = secretOf(input.verification, input.secret)
  const told = await onceTelling(services, caller, 'createIncomingWebhook', input.idempotencyKey, input, async (em) => {
    await oneAtATime(em, `incoming webhooks of ${workspaceId}`)
    if ((await em.count(IncomingWebhookTable, {})) >= MOST)
      throw new ThroughlineError('LIMIT_EXCEEDED', `A workspace has at most ${MOST} incoming webhooks.`, { path: ['name'] })
    const now = new Date()
    const row = em.create(IncomingWebhookTable, {
      id: newId(),
      workspaceId,
      name,
      // Unguessable, though it is the secret that guards: addresses end up in other people's logs.
      token: randomBytes(18).toString('base64url'),
      verification: input.verification,
      header,
      secret: (await keysOf(services, clientOf(em), workspaceId)).seal(secret),
      mapping,
      createdAt: now,
      updatedAt: now,
    })
    await em.flush()
    return { id: row.id, secret: made }
  })
  return tell(services, caller, told)
}

async function tell(services: Services, caller: Caller, { id, secret }: { id: string; secret: string | null }) {
  return { webhook: view(services, await inWorkspaceEm(services.orm, caller.workspaceId, (em) => find(em, id))), secret }
}

export async function updateIncoming(
  services: Services,
  caller: Caller,
  input: { id: string; name?: string | null | undefined; mapping?: object | null | undefined; enabled?: boolean | null | undefined },
): Promise<IncomingView> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, input.id)
    if (input.name != null) row.name = nameOf(input.name, 'name')
    if (input.mapping != null) Object.assign(row, { mapping: mappingOf(input.mapping), lastProblem: null, lastProblemAt: null })
    if (input.enabled != null) row.disabledAt = input.enabled ? null : (row.disabledAt ?? new Date())
    row.updatedAt = new Date()
    await em.flush()
    return view(services, row)
  })
}

/** Another secret; the old one is refused from now on. */
export async function changeIncomingSecret(
  services: Services,
  caller: Caller,
  input: { id: string; secret?: string | null | undefined; idempotencyKey?: string | null | undefined },
): Promise<{ webhook: IncomingView; secret: string | null }> {
  const told = await onceTelling(services, caller, 'changeIncomingSecret', input.idempotencyKey, input, async (em) => {
    const row = await find(em, input.id)
    const { secret, made } = secretOf(row.verification, input.secret)
    row.secret = (await keysOf(services, clientOf(em), caller.workspaceId)).seal(secret)
    row.updatedAt = new Date()
    await em.flush()
    return { id: row.id, secret: made }
  })
  return tell(services, caller, told)
}

export async function deleteIncoming(services: Services, caller: Caller, id: string): Promise<void> {
  await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    em.remove(await find(em, id))
    await em.flush()
  })
}

/** The oldest first. */
export async function listIncoming(services: Services, caller: Caller): Promise<IncomingView[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(IncomingWebhookTable, {}, { orderBy: { id: 'asc' } }))
  return rows.map((row) => view(services, row))
}
