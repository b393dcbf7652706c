import type { MikroORM } from '@mikro-orm/postgresql'
import type pg from 'pg'
import type { Config } from '../config.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import type { JsonObject } from '../domain/json.ts'
import type { ProviderTemplate } from '../domain/whatsapp-template.ts'
import type { Client } from '../store/ask.ts'
import type { Vault } from '../store/vault.ts'
import type { Renderer } from './rendering/renderer.ts'

/** What services share: the process's, not a request's. */
export interface Services {
  config: Config
  orm: MikroORM
  /** Plain pool in the API's role, for the hot doors. */
  apiPool: pg.Pool
  vault: Vault
  /** Where templates are rendered and inspected: in processes that can be ended. */
  renderer: Renderer
  /** How many lanes the installation has. */
  lanes: number
  /** URL of the database as its owner: only to create workspaces. */
  ownerUrl: string
  /** Enqueues pg-boss jobs inside a transaction of the caller's. */
  enqueue: Enqueue
  /** Asks a connection's provider for the templates it has approved or not; null where its channel needs none. Throws UNAVAILABLE. */
  providerTemplates(connection: OpenConnection): Promise<ProviderTemplate[] | null>
  /** Hands one message to a connection's provider, past ring and ledger: for tests alone. */
  sendOnce(connection: OpenConnection & { callbackUrl: string; privateHosts: readonly string[] }, message: OutgoingMessage): Promise<SendOutcome>
}

/** An account at a provider, credentials in the clear: for as long as a request lasts. */
export interface OpenConnection {
  id: string
  workspaceId: string
  provider: string
  baseUrl: string | null
  credentials: JsonObject
  settings: JsonObject
}

/** Sends one job of a queue in the transaction the client is in. */
export type Enqueue = (queue: 'resume' | 'seed' | 'archive' | 'broadcast', data: object, client: Client, startAfter?: Date) => Promise<void>

/** Who asks, and for which workspace: every service takes one. */
export interface Caller {
  workspaceId: string
  /** The API key's id; null for a contact's own token. */
  keyId: string | null
  scopes: readonly string[]
  /** Set where a contact's own token was sent: no scopes, and nothing but this contact's own. */
  contactId?: string
}
