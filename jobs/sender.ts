import type pg from 'pg'
import type { Sender } from '../src/channels/channel.ts'
import { adapterFor } from '../src/channels/registry.ts'
import { type Channel, isOwnSurface, type Purpose } from '../src/domain/channel.ts'
import type { OutgoingMessage, SendOutcome } from '../src/domain/delivery.ts'
import { laneOf } from '../src/domain/ids.ts'
import type { JsonObject } from '../src/domain/json.ts'
import { missingVariable, templateScope, variantsFor } from '../src/domain/template.ts'
import { ThroughlineError } from '../src/errors.ts'
import type { SendOne } from '../src/lanes/dispatch.ts'
import { pickVariant } from '../src/services/liquid.ts'
import { openRenderer, type Renderer } from '../src/services/rendering/renderer.ts'
import { withShortLinks } from '../src/services/short-links.ts'
import { trackEmail, unsubscribeUrl } from '../src/services/tracking.ts'
import { keysOf } from '../src/services/workspace-keys.ts'
import type { Dispatchable, Stranded } from '../src/store/queries/dispatch.ts'
import { readAddress, readConnection, readTemplateVersion, type TemplateVersionRow } from '../src/store/queries/sending.ts'
import type { Vault, WorkspaceKeys } from '../src/store/vault.ts'
import { openAttachments } from './attachments.ts'
import { hearOutcome } from './circuits.ts'
import { openInAppSender } from './in-app.ts'
import { openWhatsappChooser } from './whatsapp.ts'

export interface MessageSender {
  send: SendOne
  /** What became of a message whose sender died; null where the provider cannot tell. */
  lookUp(message: Stranded): Promise<SendOutcome | null>
  /** What it has messages rendered by, for whatever else of this worker customers write; it ends with `close`. */
  renderer: Renderer
  close(): Promise<void>
}

interface SenderOptions {
  pool: pg.Pool
  vault: Vault
  publicUrl: string
  /** As src/config.ts has them. */
  privateHosts?: readonly string[] | undefined
}

/** A message made ready for its adapter; `done` once it is sent. */
interface Ready {
  sender: Sender
  message: OutgoingMessage
  done: () => void
}

/** Has a message rendered and hands it to its channel's adapter, one client per connection, templates parsed once. */
export function openSender({ pool, vault, publicUrl, privateHosts = [] }: SenderOptions): MessageSender {
  const templates = new Map<string, Promise<TemplateVersionRow | null>>()
  const senders = new Map<string, Promise<Sender>>()
  const renderer = openRenderer()
  const inApp = openInAppSender(pool)
  const whatsapp = openWhatsappChooser(pool)
  const files = openAttachments({ pool, privateHosts })

  const templateOf = (id: string, version: number) => remember(templates, `${id}/${version}`, () => readTemplateVersion(pool, id, version))
  // A changed connection has another updated_at and so another client; the old one idles until the end.
  const senderOf = (id: string, updated: number) => remember(senders, `${id}/${updated}`, () => connect({ pool, vault, publicUrl, privateHosts }, id))

  const prepare = async (message: Dispatchable, attempt: number): Promise<Ready | SendOutcome> => {
    const keys = await keysOf({ vault }, pool, message.workspace_id)
    const template = await templateOf(message.template_id, message.template_version)
    const content = template === null ? null : await render(renderer, message, template)
    if (content === null || 'fault' in content)
      return { type: 'permanent', code: content?.code ?? 'RENDER_FAILED', message: content?.fault ?? 'the template is gone' }
    if (isOwnSurface(message.channel as Channel)) return inApp.show(message, content.content)
    const chosen = message.channel === 'whatsapp' ? await whatsapp.choose(message, content.content) : content
    if ('type' in chosen) return chosen
    const sender = await senderOf(message.connection_id ?? '', message.connection_updated ?? 0)
    const whole =
      chosen.content.attachments === undefined ? { ...chosen, release: () => {} } : await files.attach(message.workspace_id, chosen.content)
    if ('type' in whole) return whole
    const final = await withShortLinks(pool, keys, publicUrl, message, whole.content)
    return { sender, message: outgoing(message, attempt, final, keys, publicUrl), done: whole.release }
  }

  return {
    renderer,
    async send(message, attempt, markedAt = performance.now()) {
      const ready = await prepare(message, attempt).catch(notReady)
      if ('type' in ready) return ready
      if (performance.now() - markedAt > READY_WITHIN) {
        ready.done()
        return { type: 'retry', code: 'SENDER_LATE', message: 'it took too long to be made ready, and may be another’s by now' }
      }
      const outcome = await ready.sender.send(ready.message).finally(ready.done)
      // What it tells is an aid to the next message, and no reason to lose what became of this one.
      if (message.channel === 'whatsapp') await whatsapp.heard(message, ready.message.content, outcome).catch(() => {})
      return hearOutcome(pool, message, outcome)
    },
    async lookUp(message) {
      if (isOwnSurface(message.channel as Channel)) return inApp.lookUp(message)
      if (message.connection_id === null || message.identity_id === null) return null
      const sender = await senderOf(message.connection_id, message.connection_updated ?? 0)
      const sealed = sender.lookUp ? await readAddress(pool, laneOf(message.identity_id), message.identity_id) : null
      if (!sender.lookUp || sealed === null) return null
      const keys = await keysOf({ vault }, pool, message.workspace_id)
      return sender.lookUp({ id: message.id, address: keys.open(sealed), dispatchedAt: message.dispatching_at })
    },
    async close() {
      await renderer.close()
      for (const sender of await Promise.allSettled(senders.values())) if (sender.status === 'fulfilled') await sender.value.close()
      await files.close()
    },
  }
}

/**
 * A message that is ready later than this is not handed over: fifteen seconds after it was marked others take its sender for dead, and
 * the request may take ten. Whoever stood still meanwhile (a paused machine) must not send what somebody else is sending. Milliseconds.
 */
const READY_WITHIN = 5_000

/** A database that is away for a moment, credentials that do not open: no provider was asked, so nothing is in doubt. */
function notReady(error: unknown): SendOutcome {
  return {
    type: 'retry',
    code: 'SENDER_NOT_READY',
    message: error instanceof ThroughlineError ? error.message : 'what it is made of could not be read',
  }
}

/** One flight per key, and a failed one is forgotten, so that it is tried again. */
function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  made.catch(() => cache.delete(key))
  return made
}

async function connect({ pool, vault, publicUrl, privateHosts = [] }: SenderOptions, id: string): Promise<Sender> {
  const row = await readConnection(pool, id)
  if (row === null)
    return { send: async () => ({ type: 'retry', code: 'NO_CONNECTION', message: 'the provider connection is gone' }), close: async () => {} }
  const keys = await keysOf({ vault }, pool, row.workspace_id)
  return adapterFor(row.provider).connect({
    id: row.id,
    workspaceId: row.workspace_id,
    provider: row.provider,
    baseUrl: row.base_url,
    callbackUrl: `${publicUrl}/webhooks/${row.provider}/${row.id}`,
    credentials: JSON.parse(keys.open(row.credentials)) as JsonObject,
    settings: row.settings,
    privateHosts,
  })
}

async function render(
  renderer: Renderer,
  message: Dispatchable,
  template: TemplateVersionRow,
): Promise<{ content: JsonObject } | { fault: string; code?: string }> {
  const channel = message.channel as Channel
  const variant = pickVariant(variantsFor(template.variants, template.channel, channel), message.locale)
  if (variant === null) return { fault: `the template has no variant for ${channel}` }
  const missing = missingVariable(template.variables, message.variables?.vars)
  if (missing !== null) return { fault: `vars.${missing} is needed by the template`, code: 'MISSING_VARIABLE' }
  const reader = { externalId: message.external_id, attributes: message.attributes, tags: message.tags, locale: message.locale }
  const scope = templateScope(reader, message.variables ?? {}, template.variables)
  try {
    return {
      content: await renderer.render(
        channel,
        { content: variant.content, partials: template.partials ?? undefined },
        scope,
        `${message.template_id}/${message.template_version}/${channel}/${variant.locale}`,
      ),
    }
  } catch (error) {
    if (error instanceof ThroughlineError && error.code === 'TEMPLATE_INVALID') return { fault: error.message }
    throw error
  }
}

function outgoing(message: Dispatchable, attempt: number, content: JsonObject, keys: WorkspaceKeys, publicUrl: string): OutgoingMessage {
  const purpose = message.purpose as Purpose
  const isEmail = message.channel === 'email'
  const unsubscribe = isEmail && purpose !== 'TRANSACTIONAL' ? unsubscribeUrl(keys, publicUrl, message) : null
  return {
    id: message.id,
    workspaceId: message.workspace_id,
    attempt,
    channel: message.channel as Channel,
    purpose,
    address: message.address === null ? '' : keys.open(message.address),
    platform: message.platform,
    content: isEmail ? trackEmail(content, keys, publicUrl, message, unsubscribe) : content,
    unsubscribeUrl: unsubscribe,
    usefulFor: message.useful_for ?? undefined,
  }
}
