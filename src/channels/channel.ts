import type { Channel } from '../domain/channel.ts'
import type { OutgoingMessage, ProviderCallback, SendOutcome } from '../domain/delivery.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { ProviderTemplate } from '../domain/whatsapp-template.ts'

/** A workspace's account at a provider, credentials in the clear: never logged, never returned. */
export interface Connection<Credentials = JsonObject, Settings = JsonObject> {
  id: string
  workspaceId: string
  provider: string
  /** The provider's address, or the sandbox's. null: the provider's own. */
  baseUrl: string | null
  /** `${publicUrl}/webhooks/${provider}/${id}`: where the provider calls back. */
  callbackUrl: string
  credentials: Credentials
  settings: Settings
  /** Hosts the operator lets requests reach although they are private, as src/config.ts has them: none where left out. */
  privateHosts?: readonly string[]
}

/** A request as a provider made it: the bytes as they came, because signatures are over bytes. */
export interface CallbackRequest {
  /** Header names in lower case. */
  headers: Record<string, string | undefined>
  body: Buffer
  /** The public URL it was sent to, query included: built from configuration, not from the Host header. */
  url: string
}

/** A live client of one connection. `send` makes exactly one request and never throws. */
export interface Sender {
  send(message: OutgoingMessage): Promise<SendOutcome>
  /**
   * Asks the provider what became of a message whose answer was lost: the outcome, or null while it cannot
   * be told. Left out where the provider has no such question.
   */
  lookUp?(message: { id: string; address: string; dispatchedAt: number }): Promise<SendOutcome | null>
  /** Closes sockets. */
  close(): Promise<void>
}

/**
 * One provider on one channel: the second extension point. An adapter is one file here, one line in
 * registry.ts, and passes test/channels/contract.ts.
 */
export interface ChannelAdapter<Credentials = JsonObject, Settings = JsonObject> {
  channel: Channel
  /** Lower case, in URLs and in `Message.provider`. */
  provider: string
  title: string
  credentials: Shape<Credentials>
  settings: Shape<Settings>
  connect(connection: Connection<Credentials, Settings>): Sender
  /** Left out where the provider does not call back. */
  callbacks?: {
    /** Timing-safe; false for anything malformed; never throws. */
    verify(request: CallbackRequest, connection: Connection<Credentials, Settings>): boolean
    /** Of a verified request; unknown kinds are left out, so a new one never fails the rest. */
    parse(request: CallbackRequest, connection: Connection<Credentials, Settings>): ProviderCallback[]
    /** What to answer a GET by which the provider asks whether the address is ours; null for one that is not its own. Timing-safe. */
    challenge?(query: URLSearchParams, connection: Connection<Credentials, Settings>): string | null
  }
  /** Where messages need templates that the provider has approved: all it has. Throws UNAVAILABLE where it does not say. */
  templates?(connection: Connection<Credentials, Settings>): Promise<ProviderTemplate[]>
}
