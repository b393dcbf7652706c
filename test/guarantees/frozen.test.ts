import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/ids.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { connectProvider } from '../../src/services/connections.ts'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { createJourney, publishJourney } from '../../src/services/journeys.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { createVault } from '../../src/store/vault.ts'
import { chain, LANES, on } from '../support/ring.ts'
import { openTestServices, type TestServices } from '../support/services.ts'
import { until } from '../support/until.ts'

/** A worker that stands still (a paused machine, a suspended process) and goes on when others have done its work. */
const MAIN = fileURLToPath(new URL('../../jobs/main.ts', import.meta.url))
const MASTER_KEY = randomBytes(32)

let world: TestServices
let sandbox: Sandbox
let caller: Caller
const children: ChildProcess[] = []

beforeAll(async () => {
  world = await openTestServices()
  world.services.vault = createVault(MASTER_KEY)
  caller = await world.workspace()
  sandbox = await startSandbox({ pause: 86_400_000 })
  const { credentials, settings } = sandboxCredentials('frozen').twilio
  const input = { provider: 'twilio', name: 'SMS', credentials: { ...credentials }, settings: { ...settings }, baseUrl: sandbox.url } as const
  await connectProvider(world.services, caller, input)
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await sandbox.close()
  await until(async () => (await rows(`SELECT FROM pg_stat_activity WHERE ${OF_WORKERS}`)).length === 0)
  await world.close()
})

const OF_WORKERS = `application_name ~ '^throughline (worker|ticks)' AND datname = current_database()`
const rows = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> => (await world.database.owner.query(text, values)).rows as Row[]
const waiting = (table: string) =>
  until(
    async () =>
      (await rows(`SELECT FROM pg_stat_activity WHERE ${OF_WORKERS} AND wait_event_type = 'Lock' AND query LIKE $1`, [`%${table}%`])).length > 0,
  )

function start(): ChildProcess {
  const { database } = world
  const env = { DATABASE_URL: database.url, SECRET_KEY: MASTER_KEY.toString('base64'), PRIVATE_HOSTS: new URL(sandbox.url).host, LOG_LEVEL: 'error' }
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  children.push(child)
  return child
}
async function stop(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  return (await gone)[0]
}
/** A transaction of the test's own that stands in the worker's way. */
async function block(statement: string, values: unknown[] = []): Promise<() => Promise<void>> {
  const client: pg.PoolClient = await world.database.owner.connect()
  await client.query('BEGIN')
  await client.query(statement, values)
  return async () => {
    await client.query('ROLLBACK')
    client.release()
  }
}
const seen = (externalId: string, messageId: string) =>
  deliver(
    world.database.worker,
    [
      {
        kind: 'event',
        data: { messageId, name: 'seen', properties: {}, occurredAt: null },
        workspaceId: caller.workspaceId,
        reference: `external:${externalId}`,
      },
    ],
    LANES,
  )

test('others take its lanes and its messages over; what it does when it goes on changes nothing and sends nothing twice', {
  timeout: 90_000,
}, async () => {
  const { services } = world
  const sms = (name: string) =>
    createTemplate(services, caller, { name, channel: 'sms', variants: [{ locale: 'en', content: { body: name } }], whenUnknown: 'RESEND' })
  const templates = { journey: await sms('of the journey'), direct: await sms('by itself') }
  const person = async (externalId: string, address: string) => {
    const contactId = await upsertContact(services, caller, { contact: { externalId } })
    await addIdentity(services, caller, { contact: { externalId }, channel: 'sms', address })
    return contactId
  }
  const ada = await person('ada', '+15551230104')
  const grace = await person('grace', '+15551230204')
  const text = { key: 'text', kind: 'sms', config: { templateId: templates.journey } }
  const journeyId = await createJourney(services, caller, { name: 'Journey', graph: chain([on('seen'), text]) })
  await publishJourney(services, caller, { id: journeyId })

  const frozen = start()
  await seen('grace', 'first')
  await until(async () => (await rows(`SELECT FROM message WHERE contact_id = $1 AND status = 'SENT'`, [grace])).length === 1)

  // One message is marked and not yet sent; one tick has all but committed.
  const freeTemplates = await block('LOCK TABLE template_version IN ACCESS EXCLUSIVE MODE')
  const messageId = newLanedId(laneOf(ada))
  await deliver(
    world.database.worker,
    [
      {
        kind: 'send',
        data: { messageId, templateId: templates.direct, channel: 'sms', topicId: null, purpose: 'TRANSACTIONAL', vars: {} },
        workspaceId: caller.workspaceId,
        contactId: ada,
      },
    ],
    LANES,
  )
  await waiting('template_version')
  const freeSlot = await block('SELECT FROM entry_slot WHERE contact_id = $1 FOR UPDATE', [grace])
  await seen('grace', 'second')
  await waiting('entry_slot')
  frozen.kill('SIGSTOP')
  await Promise.all([freeTemplates(), freeSlot()])

  const other = start()
  await until(async () => (await rows(`SELECT FROM message WHERE contact_id = $1 AND status = 'SENT'`, [grace])).length === 2)
  await rows(`UPDATE message SET dispatching_at = dispatching_at - interval '15 seconds' WHERE id = $1 AND status = 'DISPATCHING'`, [messageId])
  await until(
    async () => (await rows(`UPDATE message SET due_at = now() WHERE id = $1 AND status = 'UNKNOWN' RETURNING 1`, [messageId])).length === 1,
  )
  await until(async () => (await rows(`SELECT FROM message WHERE id = $1 AND status = 'SENT' AND attempt = 2`, [messageId])).length === 1)

  frozen.kill('SIGCONT')
  expect([await stop(frozen), await stop(other)]).toEqual([0, 0])
  const sent = await rows<{ id: string; status: string; attempt: number }>('SELECT id, status, attempt FROM message ORDER BY attempt, id')
  expect(sent.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(['SENT 1', 'SENT 1', 'SENT 2'])
  expect(
    sandbox.log
      .entries()
      .map((entry) => entry.messageId)
      .sort(),
  ).toEqual(sent.map(({ id }) => id).sort())
  expect(await rows('SELECT status FROM enrollment WHERE journey_id = $1', [journeyId])).toEqual([{ status: 'COMPLETED' }, { status: 'COMPLETED' }])
  expect(await rows('SELECT message_id FROM event ORDER BY id')).toEqual([{ message_id: 'first' }, { message_id: 'second' }])
  expect(await rows('SELECT FROM inbox')).toEqual([])
})
