import { setTimeout as sleep } from 'node:timers/promises'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { LogEntry } from '../../src/sandbox/log.ts'
import type { TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { type ApiClient, openApiClient } from './api-client.ts'
import { type Figure, median, quantile } from './figure.ts'
import { layFixture, settle } from './fixture.ts'
import { startApiProcess, startSandboxProcess, startWorkerProcess } from './processes.ts'

export interface LatencySize {
  /** A round. */
  events: number
  perSecond: number
  rounds: number
}

const graph = (templateId: string): Graph => ({
  reentry: { rule: 'EVERY_TIME' },
  nodes: [
    { key: 'start', kind: 'event_trigger', config: { event: 'cart.updated' } },
    { key: 'push', kind: 'push', config: { templateId, purpose: 'TRANSACTIONAL' } },
  ],
  edges: [{ from: 'start', port: 'next', to: 'push' }],
  exitRules: [],
  goals: [],
  settings: { purpose: 'PROMOTIONAL' },
})

/** Until there are rows of which there can be statistics. */
const SECONDS_OF_YOUTH = 4
/** Until the processes run compiled code, and every connection has planned what it asks: in the first seconds an event takes ten times as long. */
const SECONDS_OF_WARM_UP = 12

/**
 * One event a request over GraphQL, at a steady pace: milliseconds from before the request leaves here to its
 * message's arrival at the provider. API, worker and provider are three processes, and this one sends. The medians of the
 * rounds' 99th and 50th percentiles.
 */
export async function benchLatency(database: TestDatabase, size: LatencySize): Promise<Figure[]> {
  const sandbox = await startSandboxProcess()
  const measured = size.rounds * size.events
  const youth = Math.min(SECONDS_OF_YOUTH * size.perSecond, measured)
  const warmUp = youth + Math.min(SECONDS_OF_WARM_UP * size.perSecond, measured)
  const fixture = await layFixture(database, measured + warmUp, sandbox.url)
  const environment = { DATABASE_URL: database.url, SECRET_KEY: fixture.secretKey }
  const api = await startApiProcess(environment)
  const worker = await startWorkerProcess(database.owner, { ...environment, PUBLIC_URL: api.url })
  const client = openApiClient(api.url, fixture.apiKey, 64)
  await fixture.publish(graph(fixture.templateId))
  try {
    const posted = new Map<string, number>()
    await post(client, fixture.contacts.slice(0, youth), size.perSecond, posted)
    // What was planned while the tables were empty reads whole lanes: statements on messages take twice as long after a minute of it.
    await settle(database)
    await post(client, fixture.contacts.slice(youth), size.perSecond, posted)
    const log = await until(async () => {
      const entries = (await (await fetch(`${sandbox.url}/_sandbox/log`)).json()) as LogEntry[]
      return entries.length >= fixture.contacts.length && entries
    })
    const arrived = new Map(log.map((entry) => [entry.to, entry.at]))
    const waits = [...posted].slice(warmUp).map(([token, at]) => (arrived.get(token) ?? Number.POSITIVE_INFINITY) - at)
    const rounds = Array.from({ length: size.rounds }, (_, n) => waits.slice(n * size.events, (n + 1) * size.events))
    const ofRounds = (share: number) => median(rounds.map((round) => quantile(round, share)))
    const figure = { unit: 'ms', baseline: null, ratio: null, lowerIsBetter: true }
    return [
      { name: 'latency', value: ofRounds(0.99), ...figure, floor: 50, aim: 20 },
      { name: 'latency-median', value: ofRounds(0.5), ...figure, floor: 50, aim: 20 },
    ]
  } finally {
    await worker.stop()
    await client.close()
    await api.stop()
    await sandbox.stop()
  }
}

/** Each at its own instant, whether the ones before were answered or not. */
async function post(
  client: ApiClient,
  contacts: readonly { reference: string; token: string }[],
  perSecond: number,
  posted: Map<string, number>,
): Promise<void> {
  const started = Date.now()
  const answers: Promise<unknown>[] = []
  for (const [n, contact] of contacts.entries()) {
    const wait = started + (n * 1_000) / perSecond - Date.now()
    if (wait > 0) await sleep(wait)
    posted.set(contact.token, Date.now())
    answers.push(
      client.ingest([
        {
          messageId: contact.token,
          name: 'cart.updated',
          contact: { externalId: contact.reference.slice('external:'.length) },
          properties: { cartId: `cart-${n}`, item: 'teapot', total: 49.9 },
        },
      ]),
    )
  }
  await Promise.all(answers)
}
