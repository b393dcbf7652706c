import type pg from 'pg'
import { openGuard } from '../src/channels/address-guard.ts'
import { retryAfter } from '../src/channels/failures.ts'
import { openTransport } from '../src/channels/http.ts'
import { type DeliveryVerdict, FAILING_FOR, judgeDelivery } from '../src/domain/webhook-delivery.ts'
import { composePayload } from '../src/services/webhooks-payload.ts'
import { signatureHeaders } from '../src/services/webhooks-signature.ts'
import { keysOf } from '../src/services/workspace-keys.ts'
import { type ClaimedDelivery, claimDeliveries, settleDeliveries } from '../src/store/queries/webhook-deliveries.ts'
import { inTransaction } from '../src/store/sql.ts'
import type { WebhookOptions } from './webhooks-calls.ts'
import { type Runner, startRunner } from './webhooks-runner.ts'

const TIMEOUT = 15_000
const CLAIMED_FOR = 45_000
const LARGEST_ANSWER = 65_536
/** Requests of a worker to one endpoint at a time. */
const PER_ENDPOINT = 8

interface Told {
  verdict: DeliveryVerdict
  status: number | null
  at: number
  millis: number
}

/** Tells endpoints what happened: signed, at least once, each under an id that stays the same however often it is told. */
export function startDeliveries(options: WebhookOptions): Runner {
  const { pool } = options
  const transport = openTransport({ timeout: TIMEOUT, maxBytes: LARGEST_ANSWER, connect: openGuard(options.policy) })
  /** Under way, by endpoint. */
  const under = new Map<string, number>()
  const runner = startRunner<ClaimedDelivery, Told>({
    sockets: options.sockets,
    pollEvery: options.pollEvery ?? 5_000,
    onError: options.onError,
    async claim(most) {
      const rows = await claimDeliveries(pool, [...under.keys()], PER_ENDPOINT, most, CLAIMED_FOR)
      for (const { endpoint_id: id } of rows) under.set(id, (under.get(id) ?? 0) + 1)
      return { rows, full: rows.length >= most }
    },
    async perform(row) {
      try {
        return await tell(pool, options, transport, row)
      } finally {
        const left = (under.get(row.endpoint_id) ?? 1) - 1
        if (left > 0) under.set(row.endpoint_id, left)
        else {
          under.delete(row.endpoint_id)
          // More of this endpoint's may be waiting: it was passed over while it was busy.
          runner.wake()
        }
      }
    },
    settle: (done) => settle(pool, done),
    close: transport.close,
  })
  return runner
}

async function tell(pool: pg.Pool, { vault }: WebhookOptions, transport: ReturnType<typeof openTransport>, row: ClaimedDelivery): Promise<Told> {
  const keys = await keysOf({ vault }, pool, row.workspace_id)
  const secrets = [row.secret, row.previous_secret].flatMap((sealed) => (sealed === null ? [] : [keys.open(sealed)]))
  const { type, data } = row
  const content = { type, data, contactId: row.contact_id, externalId: row.external_id, createdAt: Math.floor(row.created_at) }
  const body = JSON.stringify(composePayload(content))
  const at = Date.now()
  const headers = { 'content-type': 'application/json', 'user-agent': 'throughline-webhook/1', ...signatureHeaders(secrets, row.id, at, body) }
  const exchange = await transport.exchange({ method: 'POST', url: row.url, headers, body })
  const result =
    exchange.type === 'answer'
      ? { ...exchange, retryAfter: retryAfter(exchange.headers['retry-after']) }
      : { type: 'fault' as const, code: exchange.code, message: '', permanent: false }
  return {
    verdict: judgeDelivery(row.id, row.tries, result),
    status: exchange.type === 'answer' ? exchange.status : null,
    at,
    millis: Date.now() - at,
  }
}

async function settle(pool: pg.Pool, done: readonly { row: ClaimedDelivery; result: Told }[]): Promise<number | null> {
  const rows = done.map(({ row, result: { verdict, status, at, millis } }) => ({
    lane: row.lane,
    id: row.id,
    endpoint: row.endpoint_id,
    attempt: row.attempt,
    status: verdict.state,
    pause: verdict.state === 'PENDING' ? verdict.pause : null,
    line: { at: new Date(at).toISOString(), status, code: verdict.code, millis },
    gone: verdict.gone,
  }))
  await inTransaction(pool, (client) => settleDeliveries(client, rows, FAILING_FOR))
  const pauses = rows.flatMap(({ pause }) => (pause === null ? [] : [pause]))
  return pauses.length === 0 ? null : Math.min(...pauses)
}
