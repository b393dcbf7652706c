import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSender } from '../../jobs/sender.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { SendOne } from '../../src/lanes/dispatch.ts'
import { deliver, type InboxItem } from '../../src/lanes/inbox.ts'
import { takeIn } from '../../src/services/intake.ts'
import type { TestDatabase } from '../support/database.ts'
import { LANES } from './cluster.ts'
import { compared, type Figure } from './figure.ts'
import { type Fixture, layFixture, settle } from './fixture.ts'
import { startSandboxProcess } from './processes.ts'
import { openRawCosts } from './raw-costs.ts'
import { startRing } from './ring.ts'

export interface LoopSize {
  loops: number
  rounds: number
}

const graph = (templateId: string): Graph => ({
  reentry: { rule: 'EVERY_TIME' },
  nodes: [
    { key: 'start', kind: 'event_trigger', config: { event: 'cart.updated', matchKey: 'cartId' } },
    {
      key: 'first',
      kind: 'push',
      config: { templateId, purpose: 'TRANSACTIONAL', followUps: [{ on: 'DELIVERED', after: 'PT0.1S' }], nextAfter: 'P1D' },
    },
    { key: 'second', kind: 'push', config: { templateId, purpose: 'TRANSACTIONAL' } },
  ],
  edges: [
    { from: 'start', port: 'next', to: 'first' },
    { from: 'first', port: 'delivered', to: 'second' },
  ],
  exitRules: [],
  goals: [],
  settings: { purpose: 'PROMOTIONAL' },
})

/** The whole way round over HTTP: FCM's adapter, its stand-in in another process. */
export async function benchLoop(database: TestDatabase, size: LoopSize): Promise<Figure[]> {
  const sandbox = await startSandboxProcess()
  try {
    const fixture = await layFixture(database, size.loops, sandbox.url)
    const sender = openSender({ pool: database.worker, vault: fixture.vault, publicUrl: 'http://127.0.0.1:1' })
    try {
      return [compared('loop', 'loops/s', await turn(fixture, size, sender.send), { floor: 0.3, aim: 0.45 })]
    } finally {
      await sender.close()
    }
  } finally {
    await sandbox.stop()
  }
}

/** The same with a provider that is a function: what the ring alone can do. */
export async function benchLoopInMemory(database: TestDatabase, size: LoopSize): Promise<Figure[]> {
  const fixture = await layFixture(database, size.loops, null)
  const rounds = await turn(fixture, size, async (message) => ({ type: 'ok', providerMessageId: `memory-${message.id}` }))
  return [compared('loop-memory', 'loops/s', rounds, { floor: 0.5, aim: 0.7 })]
}

/**
 * event → first message accepted → delivered → timer → second message accepted → completed, for everybody at
 * once; loops per second against what the database alone needs for the same writes, a thousand a statement.
 */
async function turn(fixture: Fixture, size: LoopSize, send: SendOne): Promise<{ value: number; baseline: number }[]> {
  const { database } = fixture
  const { journeyId } = await fixture.publish(graph(fixture.templateId))
  const status = openStatusReports(database)
  const ring = await startRing(database, async (message, attempt) => {
    const outcome = await send(message, attempt)
    if (outcome.type === 'ok' && message.node === 'first') status.delivered(message)
    return outcome
  })
  const speeds: number[] = []
  const costs: number[][] = []
  try {
    const raw = await openRawCosts(database)
    await lap(fixture, journeyId, Math.min(200, size.loops))
    await raw.learn()
    await settle(database)
    for (let round = 0; round < size.rounds; round++) {
      costs.push(await raw.measure())
      speeds.push(await lap(fixture, journeyId, size.loops))
    }
    const writes = await raw.writesPerLoop(Math.min(200, size.loops) + size.rounds * size.loops)
    return speeds.map((value, round) => ({
      value,
      baseline: 1_000 / (costs[round] ?? []).reduce((sum, cost, kind) => sum + cost * (writes[kind] ?? 0), 0),
    }))
  } finally {
    await ring.stop()
  }
}

const LONGEST_LAP = 60_000

/** Loops per second of this many people going round at the same time. */
async function lap({ database, contacts, workspaceId }: Fixture, journeyId: string, loops: number): Promise<number> {
  const completed = async () => {
    const { rows } = await database.owner.query<{ n: number }>(
      `SELECT coalesce(sum(n), 0)::int AS n FROM node_stats WHERE journey_id = $1 AND node = '' AND metric = 'completed'`,
      [journeyId],
    )
    return rows[0]?.n ?? 0
  }
  const before = await completed()
  const started = performance.now()
  for (let start = 0; start < loops; start += 500) {
    await takeIn(
      database.worker,
      workspaceId,
      contacts.slice(start, Math.min(loops, start + 500)).map(({ lane, reference }) => {
        const messageId = randomUUID()
        return {
          lane,
          digest: messageId,
          contactId: null,
          reference,
          data: { messageId, name: 'cart.updated', properties: { cartId: messageId, item: 'teapot', total: 49.9 }, occurredAt: null },
        }
      }),
    )
  }
  for (let done = 0; done < loops; done = (await completed()) - before) {
    if (performance.now() - started > LONGEST_LAP) throw new Error(`only ${done} of ${loops} loops were completed in a minute`)
    await sleep(10)
  }
  return (loops / (performance.now() - started)) * 1_000
}

/** What the app on the phone tells: the message is there. Told in batches, as many at a time as came together. */
function openStatusReports(database: TestDatabase) {
  const waiting: InboxItem[] = []
  let telling = false
  const tell = async () => {
    if (telling) return
    telling = true
    while (waiting.length > 0) await deliver(database.worker, waiting.splice(0, 500), LANES)
    telling = false
  }
  return {
    delivered(message: { id: string; workspace_id: string; contact_id: string }) {
      waiting.push({
        kind: 'callback',
        data: { messageId: message.id, status: 'DELIVERED', human: true, at: Date.now() },
        workspaceId: message.workspace_id,
        contactId: message.contact_id,
      })
      setImmediate(() => void tell())
    },
  }
}
