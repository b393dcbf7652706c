import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import { type ApiClient, openApiClient } from './api-client.ts'
import { openRawPool } from './cluster.ts'
import { compared, type Figure } from './figure.ts'
import { layFixture } from './fixture.ts'
import { startApiProcess } from './processes.ts'

export interface IngestSize {
  events: number
  /** Events before the first round: until the API's code is compiled as it stays, which takes some 40,000. */
  warmUp: number
  rounds: number
}

const EVENTS_A_REQUEST = 100
const ROWS_A_STATEMENT = 1_000
const CONNECTIONS = 16

/**
 * `ingestEvents` of 100 events a request, over HTTP to an API process, sixteen requests at a time, against the
 * same guard and inbox rows by two connections that insert a thousand a statement.
 */
export async function benchIngest(database: TestDatabase, size: IngestSize): Promise<Figure[]> {
  const fixture = await layFixture(database, 0, null)
  const api = await startApiProcess({ DATABASE_URL: database.url, SECRET_KEY: fixture.secretKey })
  const client = openApiClient(api.url, fixture.apiKey, CONNECTIONS)
  const raw = openRawPool(database.url)
  try {
    await overHttp(client, size.warmUp)
    const rounds: { value: number; baseline: number }[] = []
    for (let round = 0; round < size.rounds; round++) {
      await reset(database)
      const value = await overHttp(client, size.events)
      const { rows } = await database.owner.query<{ row: object }>(
        "SELECT to_jsonb(i) || jsonb_build_object('digest', gen_random_uuid()) AS row FROM inbox i",
      )
      await reset(database)
      rounds.push({
        value,
        baseline: await rawIngest(
          raw,
          rows.map((each) => each.row),
        ),
      })
    }
    return [compared('ingest', 'events/s', rounds, { floor: 0.5, aim: 0.7 })]
  } finally {
    await raw.end()
    await client.close()
    await api.stop()
  }
}

async function reset({ owner }: TestDatabase): Promise<void> {
  await owner.query('TRUNCATE inbox, inbox_guard')
  await owner.query('CHECKPOINT')
}

async function overHttp(client: ApiClient, events: number): Promise<number> {
  const bodies = Array.from({ length: Math.ceil(events / EVENTS_A_REQUEST) }, () =>
    client.body(
      Array.from({ length: EVENTS_A_REQUEST }, (_, n) => ({
        messageId: randomUUID(),
        name: 'cart.updated',
        contact: { externalId: `person-${n % 1_000}` },
        properties: { cartId: `cart-${n}`, item: 'teapot', quantity: 2, total: 49.9, currency: 'EUR' },
      })),
    ),
  )
  const started = performance.now()
  const total = bodies.length * EVENTS_A_REQUEST
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) await client.post(body, EVENTS_A_REQUEST)
    }),
  )
  return (total / (performance.now() - started)) * 1_000
}

const RAW = `WITH given AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (lane smallint, digest uuid, workspace_id uuid, kind text, contact_id uuid, reference text, data text)),
  guarded AS (INSERT INTO inbox_guard (lane, digest, workspace_id) SELECT lane, digest, workspace_id FROM given ON CONFLICT DO NOTHING)
  INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data) SELECT lane, workspace_id, kind, contact_id, reference, data FROM given`

export async function rawIngest(pool: pg.Pool, rows: readonly object[]): Promise<number> {
  const batches = Array.from({ length: Math.ceil(rows.length / ROWS_A_STATEMENT) }, (_, n) =>
    JSON.stringify(rows.slice(n * ROWS_A_STATEMENT, (n + 1) * ROWS_A_STATEMENT)),
  )
  const started = performance.now()
  await Promise.all(
    [0, 1].map(async () => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop())
        await pool.query({ name: 'bench_raw_ingest', text: RAW, values: [batch] })
    }),
  )
  return (rows.length / (performance.now() - started)) * 1_000
}
