import twilio from 'twilio'
import type { SendOutcome } from '../domain/delivery.ts'
import { object, text } from '../domain/shape.ts'
import { applyRule, classifyThrown, type ProviderFault } from './failures.ts'
import { ExchangeError, openTransport, type TransportOptions } from './http.ts'
import { TWILIO_FAILURES, twilioRule } from './twilio-codes.ts'

/** An account, whatever channel its messages are for. */
export const TWILIO_CREDENTIALS = object({
  accountSid: text({ title: 'Account SID', pattern: /^AC[0-9a-f]{32}$/ }),
  authToken: text({ title: 'Auth token', pattern: /^[\x21-\x7e]+$/, max: 200 }),
})

type Api = InstanceType<typeof twilio.Twilio>
export type TwilioParameters = Parameters<Api['messages']['create']>[0]

/** As the Content API takes it: https://www.twilio.com/docs/content/content-api-resources. */
export interface TwilioContent {
  friendly_name: string
  language: string
  variables: Record<string, string>
  types: Record<string, object>
}

/** The SDK's client of one account, over a transport of ours. */
export interface TwilioClient {
  api: Api
  /** One message is one request; never throws. */
  create(parameters: TwilioParameters): Promise<SendOutcome>
  /** Makes a content, which reaches nobody: what is in doubt may be tried again. Never throws. */
  createContent(content: TwilioContent): Promise<{ sid: string } | SendOutcome>
  /** What became of the one message handed over for `to` (as Twilio writes it) at this instant; null where it cannot be told. */
  lookUp(to: string, dispatchedAt: number): Promise<SendOutcome | null>
  close(): Promise<void>
}

/** What the SDK asks its HTTP client for, of what we use. */
interface SdkRequest {
  method: string
  uri: string
  username?: string
  password?: string
  headers?: Record<string, string>
  params?: Record<string, unknown>
  data?: Record<string, unknown>
}

export function openTwilio(
  { accountSid, authToken }: { accountSid: string; authToken: string },
  baseUrl: string | null,
  options: TransportOptions,
): TwilioClient {
  const transport = openTransport(options)
  const api: Api = twilio(accountSid, authToken, {
    // Empty, or the SDK would look for TWILIO_EDGE and TWILIO_REGION in the environment and rewrite the host.
    edge: '',
    region: '',
    httpClient: { request: (request: SdkRequest) => exchange(request) } as unknown as InstanceType<typeof twilio.RequestClient>,
  })
  if (baseUrl !== null) {
    const base = baseUrl.replace(/\/$/, '')
    api.api.baseUrl = base
    api.content.baseUrl = base
  }

  /** Rejects with the exchange itself, since the SDK's own error forgets the headers and so Retry-After. */
  async function exchange(request: SdkRequest): Promise<{ statusCode: number; body: unknown; headers: Record<string, string> }> {
    const query = form(request.params)
    const answer = await transport.exchange({
      method: request.method.toLowerCase() === 'get' ? 'GET' : 'POST',
      url: query === '' ? request.uri : `${request.uri}?${query}`,
      headers: { ...request.headers, authorization: `Basic ${Buffer.from(`${request.username}:${request.password}`).toString('base64')}` },
      ...(request.data ? { body: isJson(request) ? JSON.stringify(request.data) : form(request.data) } : {}),
    })
    if (answer.type !== 'answer' || answer.status < 200 || answer.status >= 300) throw new ExchangeError(answer)
    try {
      return { statusCode: answer.status, headers: answer.headers, body: JSON.parse(answer.body) as unknown }
    } catch {
      throw new ExchangeError({ type: 'unanswered', code: 'UNREADABLE', message: 'The answer is no JSON.' })
    }
  }

  return {
    api,
    async create(parameters) {
      try {
        const created = await api.messages.create(parameters)
        // Accepted and failed in one answer: the number was known to be bad.
        if (created.errorCode) return failed(String(created.errorCode))
        if (!created.sid) return { type: 'ambiguous', code: 'UNREADABLE', message: 'The answer names no message.' }
        const cost = priceOf(created.price)
        return { type: 'ok', providerMessageId: created.sid, ...(cost === null ? {} : { cost }) }
      } catch (error) {
        return classifyThrown(error, TWILIO_FAILURES, readFault)
      }
    },
    async createContent(content) {
      try {
        const { sid } = await api.content.v1.contents.create(content as unknown as Parameters<typeof api.content.v1.contents.create>[0])
        return sid ? { sid } : { type: 'retry', code: 'UNREADABLE', message: 'The answer names no content.' }
      } catch (error) {
        const outcome = classifyThrown(error, TWILIO_FAILURES, readFault)
        return outcome.type === 'ambiguous' ? { ...outcome, type: 'retry' } : outcome
      }
    },
    async lookUp(to, dispatchedAt) {
      try {
        return found(await recent(api, to, dispatchedAt), dispatchedAt)
      } catch {
        return null
      }
    },
    close: () => transport.close(),
  }
}

/** Twilio writes what it takes as a negative amount; null until the message has gone out. */
function priceOf(price: string | null | undefined): number | null {
  const amount = Number(price ?? Number.NaN)
  return Number.isFinite(amount) ? Math.abs(amount) : null
}

/** A request can be created this long after it was marked dispatching: our time-out and both clocks' error. */
const EARLIEST = -5_000
const LATEST = 20_000

interface Listed {
  sid: string
  errorCode: number
  dateCreated: Date
  direction: string
}

/** By To and day, as the API filters; the day before too, for a message sent at midnight. One page is one request. */
async function recent(client: Api, address: string, dispatchedAt: number): Promise<Listed[]> {
  const page = await client.messages.page({ to: address, dateSentAfter: new Date(dispatchedAt - 24 * 3_600_000), pageSize: 50 })
  return page.instances
}

/**
 * Twilio's list shows nothing of ours, so a message is known by number and instant only: exactly one created within
 * the window is ours. None or several tell nothing (the list lags, and a second journey may have written to the same
 * person), and then the callback or the template's policy decides.
 */
function found(listed: readonly Listed[], dispatchedAt: number): SendOutcome | null {
  const near = listed.filter(({ dateCreated, direction }) => {
    const after = dateCreated.getTime() - dispatchedAt
    return direction.startsWith('outbound') && after >= EARLIEST && after <= LATEST
  })
  const [only] = near
  if (only === undefined || near.length > 1) return null
  return only.errorCode ? failed(String(only.errorCode)) : { type: 'ok', providerMessageId: only.sid }
}

function failed(code: string): SendOutcome {
  return applyRule(code, twilioRule(code))
}

function readFault(body: string): ProviderFault {
  try {
    const parsed = JSON.parse(body) as { code?: unknown; message?: unknown } | null
    return {
      code: typeof parsed?.code === 'number' || typeof parsed?.code === 'string' ? String(parsed.code) : null,
      message: typeof parsed?.message === 'string' ? parsed.message : null,
    }
  } catch {
    return { code: null, message: null }
  }
}

function isJson({ headers = {} }: SdkRequest): boolean {
  return Object.entries(headers).some(([name, value]) => name.toLowerCase() === 'content-type' && value === 'application/json')
}

/** `application/x-www-form-urlencoded`; a list repeats its key, as Twilio's MediaUrl wants. */
function form(fields: Record<string, unknown> | undefined): string {
  const encoded = new URLSearchParams()
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === undefined || value === null) continue
    for (const each of Array.isArray(value) ? value : [value]) encoded.append(key, String(each))
  }
  return encoded.toString()
}
