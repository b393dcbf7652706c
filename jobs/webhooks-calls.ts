import type pg from 'pg'
import { openGuard } from '../src/channels/address-guard.ts'
import { retryAfter, scrub } from '../src/channels/failures.ts'
import { type Exchange, openTransport } from '../src/channels/http.ts'
import { durationMillis } from '../src/domain/duration.ts'
import { secretsIn, type WebhookConfig, webhookTexts } from '../src/domain/journey/nodes/webhook.ts'
import type { OutgoingPolicy } from '../src/domain/public-address.ts'
import { type CallResult, type CallVerdict, judgeCall } from '../src/domain/webhook-answer.ts'
import { ThroughlineError } from '../src/errors.ts'
import { deliver, type InboxItem } from '../src/lanes/inbox.ts'
import { openJourneyBook } from '../src/lanes/journeys.ts'
import type { Renderer } from '../src/services/rendering/renderer.ts'
import type { RenderedCall } from '../src/services/webhooks-render.ts'
import { readSecrets } from '../src/services/webhooks-secrets.ts'
import { type CallSettlement, type ClaimedCall, claimCalls, settleCalls, skipCalls } from '../src/store/queries/webhook-calls.ts'
import { inTransaction } from '../src/store/sql.ts'
import type { Vault } from '../src/store/vault.ts'
import { type Runner, startRunner } from './webhooks-runner.ts'

const TIMEOUT = 10_000
/** Longer than any request may take: after it the worker that claimed a call is taken for dead. Milliseconds. */
const CLAIMED_FOR = 60_000
const LARGEST_ANSWER = 262_144
/** A call of a version that this build cannot run waits for one that can. Milliseconds. */
const STANDSTILL = 1_800_000
/** A call that nothing could be rendered for. Milliseconds. */
const RENDERER_AWAY = 5_000
/** A call that is ready later than this is left alone: its request may take half a minute more, and then another may have claimed it. Milliseconds. */
const READY_WITHIN = 25_000
/** A call that workers die of is not handed on for ever. */
const MOST_ATTEMPTS = 40
const NEVER_BETTER: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'ADDRESS_REFUSED', 'ANSWER_TOO_LARGE'])

/** What calls and deliveries are made with. */
export interface WebhookOptions {
  pool: pg.Pool
  vault: Vault
  lanes: number
  policy: OutgoingPolicy
  sockets: number
  pollEvery?: number
  onError(error: unknown): void
}

export interface CallOptions extends WebhookOptions {
  /** Stays open until this is stopped. */
  renderer: Pick<Renderer, 'renderCall'>
}

interface Called {
  verdict: CallVerdict
  status: number | null
  /** Nothing of the call's own was tried: this is no attempt, and however often it comes to pass the call loses nothing. */
  unmade: boolean
}

/**
 * Makes the calls of webhook nodes: at least once each, the retries too under one `webhook-id`, by which a receiver tells
 * them apart. What it came to goes into the row and, by the inbox, to the token that waits, in one transaction.
 */
export function startCalls(options: CallOptions): Runner {
  const { pool, lanes } = options
  const book = openJourneyBook()
  const transport = openTransport({ timeout: TIMEOUT, maxBytes: LARGEST_ANSWER, connect: openGuard(options.policy) })
  let first = 0
  return startRunner<ClaimedCall, Called>({
    sockets: options.sockets,
    pollEvery: options.pollEvery ?? 5_000,
    onError: options.onError,
    async claim(most) {
      // Another lane is the first each time, so that a crowded one does not keep the others waiting.
      first = (first + 1) % lanes
      const inTurn = Array.from({ length: lanes }, (_, lane) => (lane + first) % lanes)
      const { calls, full } = await claimCalls(pool, inTurn, most, CLAIMED_FOR)
      return { rows: calls, full }
    },
    async perform(call) {
      const claimedAt = performance.now()
      const graph = (await book.versions(pool, [call.version_id])).get(call.version_id)
      if (graph?.fault) return putOff(STANDSTILL, 'VERSION_FAULT', graph.fault)
      const config = graph?.nodes.get(call.node)?.config as WebhookConfig | undefined
      if (config === undefined) return judged({}, call, fault('NODE_MISSING', 'the version has no such node'))
      if (call.erased) return judged(config, call, fault('erased', 'the contact was erased'))
      if (call.attempt > MOST_ATTEMPTS) return judged(config, call, fault('GIVEN_UP', 'no worker lived to make it'))
      const rendered = await prepare(options, config, call)
      if (rendered === null) return putOff(RENDERER_AWAY, 'RENDERER_AWAY', 'nothing could be rendered just now')
      if ('type' in rendered) return judged(config, call, rendered)
      if (performance.now() - claimedAt > READY_WITHIN) return putOff(RENDERER_AWAY, 'READY_LATE', 'it took too long to be made ready')
      const { headers, ...rest } = rendered
      const timeout = config.timeout === undefined ? TIMEOUT : durationMillis(config.timeout)
      const own = { 'webhook-id': call.id, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) }
      const request = { method: config.method, ...rest, headers: { 'user-agent': 'throughline-webhook/1', ...headers, ...own }, timeout }
      return judged(config, call, resultOf(await transport.exchange(request)))
    },
    settle: (done) => settle(pool, lanes, done),
    close: transport.close,
  })
}

const fault = (code: string, message: string): CallResult => ({ type: 'fault', code, message, permanent: true })

const putOff = (pause: number, code: string, message: string): Called => ({
  verdict: { type: 'retry', pause, code, message },
  status: null,
  unmade: true,
})

const judged = (config: Partial<WebhookConfig>, call: ClaimedCall, result: CallResult): Called => ({
  verdict: judgeCall(config, call.id, call.attempt, result),
  status: result.type === 'answer' ? result.status : null,
  unmade: false,
})

/** null where it could not be rendered just now. */
async function prepare({ pool, vault, renderer }: CallOptions, config: WebhookConfig, call: ClaimedCall): Promise<RenderedCall | CallResult | null> {
  const names = [...new Set(webhookTexts(config).flatMap(({ text }) => secretsIn(text)))]
  const secrets = await readSecrets({ vault }, pool, call.workspace_id, names)
  const missing = names.find((name) => !Object.hasOwn(secrets, name))
  if (missing !== undefined) return fault('SECRET_MISSING', `there is no secret ${missing}`)
  const { external_id: externalId, attributes, tags, locale, variables } = call
  const scope = {
    contact: { externalId, attributes, tags, locale },
    event: variables.event ?? {},
    vars: variables.vars ?? {},
    key: variables.key ?? '',
  }
  try {
    return await renderer.renderCall(config, scope, secrets, `${call.version_id}/${call.node}`)
  } catch (error) {
    if (error instanceof ThroughlineError && error.code === 'UNAVAILABLE') return null
    return fault('RENDER_FAILED', error instanceof Error ? error.message.slice(0, 300) : 'does not render')
  }
}

function resultOf(exchange: Exchange): CallResult {
  if (exchange.type === 'answer') return { ...exchange, retryAfter: retryAfter(exchange.headers['retry-after']) }
  return { type: 'fault', code: exchange.code, message: scrub(exchange.message), permanent: NEVER_BETTER.has(exchange.code) }
}

async function settle(pool: pg.Pool, lanes: number, done: readonly { row: ClaimedCall; result: Called }[]): Promise<number | null> {
  const settlements = done.map(
    ({ row, result: { verdict, status, unmade } }): CallSettlement => ({
      lane: row.lane,
      id: row.id,
      attempt: row.attempt,
      status: verdict.type === 'retry' ? 'PENDING' : verdict.port === 'success' ? 'SUCCEEDED' : 'FAILED',
      pause: verdict.type === 'retry' ? verdict.pause : null,
      unmade,
      answer: status,
      code: verdict.code,
      message: verdict.message,
    }),
  )
  await inTransaction(pool, async (client) => {
    const counted = await settleCalls(client, settlements)
    const items = done.flatMap(({ row, result }): InboxItem[] => {
      if (result.verdict.type !== 'leave' || !counted.has(row.id)) return []
      const { port, vars, code } = result.verdict
      const data = { enrollmentId: row.enrollment_id, callId: row.id, port, vars, status: result.status, code }
      return [{ kind: 'answer', data, workspaceId: row.workspace_id, contactId: row.contact_id }]
    })
    await deliver(client, items, lanes)
  })
  const pauses = settlements.flatMap(({ pause }) => (pause === null ? [] : [pause]))
  return pauses.length === 0 ? null : Math.min(...pauses)
}

/** One batch of the calls a pause held is given up: their tokens leave by `error`. Answers how many. */
export async function giveUpCalls(pool: pg.Pool, lanes: number, workspaceId: string, journeyId: string, limit: number): Promise<number> {
  return inTransaction(pool, async (client) => {
    const skipped = await skipCalls(client, journeyId, limit)
    const items = skipped.map(
      (row): InboxItem => ({
        kind: 'answer',
        data: { enrollmentId: row.enrollment_id, callId: row.id, port: 'error', vars: {}, status: null, code: 'expired' },
        workspaceId,
        contactId: row.contact_id,
      }),
    )
    await deliver(client, items, lanes)
    return skipped.length
  })
}
