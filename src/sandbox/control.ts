import { isObject, type JsonObject } from '../domain/json.ts'
import { SANDBOX_PROVIDERS, type SandboxProvider } from './accounts.ts'
import { type Answer, FAULT_KINDS, type Fault } from './faults.ts'
import type { SandboxLog } from './log.ts'
import { receivedPage } from './page.ts'
import { PERSONAS, type Persona, type Reaction } from './personas.ts'
import { json, type SandboxRequest } from './stand-in.ts'

/** What one may do to a running sandbox: in its own process here, from another through `control`. */
export interface Sandbox {
  url: string
  /** Of the mail server, on the same host. */
  smtpPort: number
  log: SandboxLog
  /** Where an account's callbacks go. SendGrid: the API key; Twilio (inbound messages): the account SID; Meta: the phone number's id. The last call counts. */
  connect(connection: { provider: SandboxProvider; account: string; callbackUrl: string }): void
  /** From now on this address is somebody in particular. */
  script(address: string, persona: Persona): void
  /** Lets the reader of one of our messages (email or SMS, by our id) do something now; false where it was never accepted. */
  react(messageId: string, reaction: Reaction): boolean
  /** A person writes to an account's number: by SMS, or at whichever provider is named. `message` is what is no text, as the provider's webhooks have it. */
  inbound(message: {
    provider?: 'twilio' | 'meta' | 'twilio_whatsapp' | 'twilio_rcs'
    account: string
    from: string
    to: string
    text: string
    message?: JsonObject
  }): void
  /** A person stops or resumes promotions of a Meta number in WhatsApp's settings. */
  prefer(choice: { account: string; from: string; value: 'stop' | 'resume' }): void
  /** A WhatsApp template's review ends with this status. */
  review(template: { provider?: 'meta' | 'twilio_whatsapp'; account: string; name: string; status: string; reason?: string }): void
  fault(fault: Fault): void
  clearFaults(provider?: SandboxProvider): void
  callbacks: { duplicate: number; disorder: boolean }
  /** When no callback is planned or under way. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** The sandbox's own HTTP door, for other processes; each is a member of `Sandbox`, its argument the JSON body. */
export function control(sandbox: Sandbox, request: SandboxRequest): Answer | null {
  const { method, path, query } = request
  if (method === 'GET' && path === '/')
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: receivedPage(sandbox.log.entries()) }
  if (!path.startsWith('/_sandbox/')) return null
  const route = `${method} ${path.slice('/_sandbox/'.length)}`
  if (route === 'GET log') return json(200, sandbox.log.entries(Number(query.get('since') ?? 1) || 1))
  if (route === 'GET counts') return json(200, sandbox.log.counts())
  if (route === 'DELETE faults') {
    sandbox.clearFaults()
    return json(200, {})
  }
  let body: unknown
  try {
    body = JSON.parse(request.body)
  } catch {
    return json(400, { error: 'not JSON' })
  }
  return isObject(body) ? act(sandbox, route, body) : json(400, { error: 'not an object' })
}

function act(sandbox: Sandbox, route: string, body: Record<string, unknown>): Answer {
  switch (route) {
    case 'POST connections':
      if (!isProvider(body.provider) || typeof body.account !== 'string' || typeof body.callbackUrl !== 'string') break
      sandbox.connect({ provider: body.provider, account: body.account, callbackUrl: body.callbackUrl })
      return json(200, {})
    case 'POST faults':
      if (!FAULT_KINDS.some((kind) => kind === body.kind)) break
      sandbox.fault(body as unknown as Fault)
      return json(200, {})
    case 'POST personas':
      for (const [address, persona] of Object.entries(body))
        if (PERSONAS.some((each) => each === persona)) sandbox.script(address, persona as Persona)
      return json(200, {})
    case 'POST reactions':
      return json(sandbox.react(String(body.messageId), String(body.reaction) as Reaction) ? 200 : 404, {})
    case 'POST inbound':
      sandbox.inbound({
        ...(body.provider === 'meta' || body.provider === 'twilio_whatsapp' || body.provider === 'twilio_rcs' ? { provider: body.provider } : {}),
        account: String(body.account),
        from: String(body.from),
        to: String(body.to),
        text: String(body.text),
        ...(isObject(body.message) ? { message: body.message as JsonObject } : {}),
      })
      return json(200, {})
    case 'POST preferences':
      if (body.value !== 'stop' && body.value !== 'resume') break
      sandbox.prefer({ account: String(body.account), from: String(body.from), value: body.value })
      return json(200, {})
    case 'POST reviews':
      sandbox.review({
        ...(body.provider === 'twilio_whatsapp' ? { provider: body.provider } : {}),
        account: String(body.account),
        name: String(body.name),
        status: String(body.status),
      })
      return json(200, {})
    default:
      return json(404, { error: 'no such door' })
  }
  return json(400, { error: 'a member is missing or wrong' })
}

function isProvider(value: unknown): value is SandboxProvider {
  return SANDBOX_PROVIDERS.some((provider) => provider === value)
}
