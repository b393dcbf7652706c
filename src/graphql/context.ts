import { createHash, timingSafeEqual } from 'node:crypto'
import type DataLoader from 'dataloader'
import { ThroughlineError } from '../errors.ts'
import type { Hub } from '../realtime/hub.ts'
import { allows, authenticate, type Scope } from '../services/api-keys.ts'
import { isContactToken, readContactToken } from '../services/contact-tokens.ts'
import type { Caller, Services } from '../services/context.ts'

/** What one operation runs with. */
export interface ApiContext {
  services: Services
  hub: Hub
  /** null: the installation's administrator, who may create workspaces and nothing else. */
  caller: Caller | null
  /** Dataloaders made so far: one per key for this operation, see `loaderOf`. */
  loaders: Map<symbol, unknown>
  requestId: string
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Reads `Bearer KEY`, or a contact's token in its place. Throws UNAUTHENTICATED for none and for one that is unknown,
 * expired or revoked, and does not say which.
 */
export async function identify(services: Services, authorization: string | undefined): Promise<Caller | null> {
  const key = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1]
  if (key === undefined) throw new ThroughlineError('UNAUTHENTICATED')
  const { adminKey } = services.config
  if (adminKey !== null && timingSafeEqual(digest(key), digest(adminKey))) return null
  const caller = await (isContactToken(key) ? readContactToken(services, key) : authenticate(services, key))
  if (caller === null) throw new ThroughlineError('UNAUTHENTICATED')
  return caller
}

/**
 * The caller, if the key covers the scope; else FORBIDDEN. Whatever changes something starts with fresh loaders, so
 * that a second mutation in one operation does not answer what was read for the first.
 */
export function callerWith(context: ApiContext, scope: Scope): Caller {
  if (context.caller === null)
    throw new ThroughlineError('FORBIDDEN', 'The administrator’s key creates workspaces; use a key of the workspace for this.')
  if (!allows(context.caller, scope)) throw new ThroughlineError('FORBIDDEN', `This needs a key with the scope «${scope}».`)
  if (scope !== 'read') context.loaders.clear()
  return context.caller
}

/** The same, for what a contact's own token may do as well: the service limits that to the contact's own. */
export function callerOrContact(context: ApiContext, scope: Scope): Caller {
  if (context.caller?.contactId === undefined) return callerWith(context, scope)
  if (scope !== 'read') context.loaders.clear()
  return context.caller
}

/** The operation's loader of a kind, made when it is first needed: a second operation never sees what the first cached. */
export function loaderOf<K, V>(context: ApiContext, kind: symbol, make: (services: Services, caller: Caller) => DataLoader<K, V>): DataLoader<K, V> {
  const known = context.loaders.get(kind) as DataLoader<K, V> | undefined
  if (known !== undefined) return known
  const loader = make(context.services, callerOrContact(context, 'read'))
  context.loaders.set(kind, loader)
  return loader
}
