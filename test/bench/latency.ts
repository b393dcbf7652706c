import { setTimeout as sleep } from 'node:timers/promises'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { LogEntry } from '../../src/sandbox/log.ts'
import type { TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { type ApiClient, openApiClient } from './api-client.ts'
import { type Figure, quantile } from './figure.ts'
import { layFixture, settle } from './fixture.ts'
import { startApiProcess, startSandboxProcess, startWorkerProcess } from './processes.ts'

export interface LatencySize {
  events: number
  perSecond: number
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

/** Until the processes run compiled code: in their first seconds an event takes ten times as long. */
const SECONDS_OF_WARM_UP = 15

/**
 * One event a request over GraphQL, at a steady pace: milliseconds from before the request leaves here to its
 * message's arrival at the provider. API, worker and provider are three processes, and this one sends.
 */
export async function benchLatency(database: TestDatabase, size: LatencySize): Promise<Figure[]> {
  const sandbox = await startSandboxProcess()
  const warmUp = Math.min(SECONDS_OF_WARM_UP * size.perSecond, size.events)
  const fixture = await layFixture(database, size.events + warmUp, sandbox.url)
  const environment = { DATABASE_URL: database.url, SECRET_KEY: fixture.secretKey }
  const api = await startApiProcess(environment)
  const worker = await startWorkerProcess(database.owner, { ...environment, PUBLIC_URL: api.url })
  const client = openApiClient(api.url, fixture.apiKey, 64)
  await fixture.publish(graph(fixture.templateId))
  try {
    const posted = new Map<string, number>()
    // Before, and not between: statistics that are new make every connection plan all its statements again.
    await settle(database)
    await post(client, fixture.contacts.slice(0, warmUp), size.perSecond, posted)
    await post(client, fixture.contacts.slice(warmUp), size.perSecond, posted)
    const log = await until(async () => {
      const entries = (await (await fetch(`${sandbox.url}/_sandbox/log?since=${warmUp + 1}`)).json()) as LogEntry[]
      return entries.length >= size.events && entries
    })
    const waits = log.flatMap((entry) => (posted.has(entry.to ?? '') ? [entry.at - (posted.get(entry.to ?? '') ?? 0)] : []))
    const figure = { unit: 'ms', baseline: null, ratio: null, lowerIsBetter: true }
    return [
      { name: 'latency', value: quantile(waits, 0.99), ...figure, floor: 50, aim: 20 },
      { name: 'latency-median', value: quantile(waits, 0.5), ...figure, floor: 50, aim: 20 },
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
