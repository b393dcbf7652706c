import { randomUUID, sign } from 'node:crypto'
import { Pool } from 'undici'
import { MESSAGE_ARGUMENT } from '../../src/channels/sendgrid-events.ts'
import { sandboxCredentials, webhookKeyOf } from '../../src/sandbox/accounts.ts'
import type { TestDatabase } from '../support/database.ts'
import { openRawPool } from './cluster.ts'
import { compared, type Figure } from './figure.ts'
import { layFixture } from './fixture.ts'
import { rawIngest } from './ingest.ts'
import { startApiProcess } from './processes.ts'

export interface WebhookSize {
  callbacks: number
  rounds: number
}

const CALLBACKS_A_REQUEST = 100
const CONNECTIONS = 4

/**
 * SendGrid's signed event batches over HTTP to an API process: each verified, matched to its message and committed to
 * the inbox. Against the same guard and inbox rows by two connections that insert a thousand a statement.
 */
export async function benchWebhookIn(database: TestDatabase, size: WebhookSize): Promise<Figure[]> {
  const fixture = await layFixture(database, size.callbacks, null)
  const account = sandboxCredentials('bench').sendgrid
  const connectionId = randomUUID()
  const keys = fixture.vault.workspaceKeys(fixture.workspaceId, await dataKey(database, fixture.workspaceId))
  await database.owner.query(
    `INSERT INTO provider_connection (id, workspace_id, channel, provider, name, credentials, settings) VALUES ($1, $2, 'email', 'sendgrid', 'SendGrid', $3, $4)`,
    [connectionId, fixture.workspaceId, keys.seal(JSON.stringify(account.credentials)), account.settings],
  )
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, connection_id, provider, status, planned_at)
      SELECT lane, id, $1, id, 'email', 'TRANSACTIONAL', $2, $3, 'sendgrid', 'SENT', now() FROM unnest($4::smallint[], $5::uuid[]) AS t (lane, id)`,
    [fixture.workspaceId, fixture.templateId, connectionId, fixture.contacts.map((each) => each.lane), fixture.contacts.map((each) => each.id)],
  )
  await database.owner.query('VACUUM ANALYZE message')
  const api = await startApiProcess({ DATABASE_URL: database.url, SECRET_KEY: fixture.secretKey })
  const pool = new Pool(api.url, { connections: CONNECTIONS, pipelining: 1 })
  const key = webhookKeyOf(account.credentials.apiKey)
  const path = `/webhooks/sendgrid/${connectionId}`
  const request = (ids: readonly string[]) => {
    const now = Math.floor(Date.now() / 1_000)
    const body = JSON.stringify(
      ids.map((id) => ({
        event: 'delivered',
        timestamp: now,
        sg_event_id: randomUUID(),
        sg_message_id: `m-${id}`,
        email: 'a@b.example',
        [MESSAGE_ARGUMENT]: id,
      })),
    )
    const signature = sign('sha256', Buffer.from(now + body), { key, dsaEncoding: 'der' }).toString('base64')
    const headers = {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-timestamp': String(now),
      'x-twilio-email-event-webhook-signature': signature,
    }
    return { method: 'POST' as const, path, headers, body }
  }
  const ids = fixture.contacts.map((each) => each.id)
  const overHttp = async () => {
    const requests = Array.from({ length: Math.ceil(ids.length / CALLBACKS_A_REQUEST) }, (_, n) =>
      request(ids.slice(n * CALLBACKS_A_REQUEST, (n + 1) * CALLBACKS_A_REQUEST)),
    )
    const started = performance.now()
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
          const answer = await pool.request(next)
          const text = await answer.body.text()
          if (answer.statusCode !== 200 || text.includes('"accepted":0')) throw new Error(`not accepted: ${text.slice(0, 300)}`)
        }
      }),
    )
    return (ids.length / (performance.now() - started)) * 1_000
  }
  const reset = () => database.owner.query('TRUNCATE inbox, inbox_guard').then(() => database.owner.query('CHECKPOINT'))
  const raw = openRawPool(database.url)
  try {
    await overHttp()
    const rounds: { value: number; baseline: number }[] = []
    for (let round = 0; round < size.rounds; round++) {
      await reset()
      const value = await overHttp()
      const { rows } = await database.owner.query<{ row: object }>(
        "SELECT to_jsonb(i) || jsonb_build_object('digest', gen_random_uuid()) AS row FROM inbox i",
      )
      await reset()
      rounds.push({
        value,
        baseline: await rawIngest(
          raw,
          rows.map((each) => each.row),
        ),
      })
    }
    return [compared('webhook-in', 'callbacks/s', rounds, { floor: 0.15, aim: 0.3 })]
  } finally {
    await raw.end()
    await pool.close()
    await api.stop()
  }
}

async function dataKey(database: TestDatabase, workspaceId: string): Promise<Buffer> {
  const { rows } = await database.owner.query<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspaceId])
  return rows[0]?.data_key ?? Buffer.alloc(0)
}
