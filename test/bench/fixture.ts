import { randomBytes, randomUUID } from 'node:crypto'
import { derivedId, laneOfReference } from '../../src/domain/ids.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { Reference } from '../../src/lanes/inbox.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { createVault, type Vault, type WorkspaceKeys } from '../../src/store/vault.ts'
import type { TestDatabase } from '../support/database.ts'
import { LANES } from './cluster.ts'

export interface BenchContact {
  lane: number
  id: string
  reference: Reference
  /** What the provider is given to reach them; unique. */
  token: string
}

/** One workspace with a push template, a connection to FCM, and people who have a device. */
export interface Fixture {
  database: TestDatabase
  vault: Vault
  /** Base64, for another process that is to open the same vault. */
  secretKey: string
  workspaceId: string
  apiKey: string
  templateId: string
  contacts: readonly BenchContact[]
  publish(graph: Graph): Promise<{ journeyId: string; versionId: string }>
}

/** `providerUrl`: where FCM's stand-in listens; null where messages never leave the process. */
export async function layFixture(database: TestDatabase, people: number, providerUrl: string | null): Promise<Fixture> {
  const masterKey = randomBytes(32)
  const vault = createVault(masterKey)
  const { id: workspaceId, secret: apiKey } = await createWorkspace({ vault, ownerUrl: database.url }, { name: 'Bench' })
  const { rows } = await database.owner.query<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspaceId])
  const keys = vault.workspaceKeys(workspaceId, rows[0]?.data_key ?? Buffer.alloc(0))
  const templateId = randomUUID()
  const content = {
    title: 'Still thinking, {{ contact.firstName }}?',
    body: 'Your {{ event.item }} is waiting.',
    deepLink: 'shop://cart/{{ event.cartId }}',
  }
  await database.owner.query(`INSERT INTO template (id, workspace_id, name, channel, version) VALUES ($1, $2, 'Push', 'push', 1)`, [
    templateId,
    workspaceId,
  ])
  await database.owner.query(`INSERT INTO template_version (template_id, number, workspace_id, variants) VALUES ($1, 1, $2, $3)`, [
    templateId,
    workspaceId,
    JSON.stringify([{ locale: 'en', content }]),
  ])
  await database.owner.query(
    `INSERT INTO provider_connection (id, workspace_id, channel, provider, name, base_url, credentials) VALUES ($1, $2, 'push', 'fcm', 'FCM', $3, $4)`,
    [randomUUID(), workspaceId, providerUrl, keys.seal(JSON.stringify(sandboxCredentials('bench').fcm.credentials))],
  )
  const contacts = Array.from({ length: people }, (_, n) => {
    const reference = `external:person-${n}` as const
    const lane = laneOfReference(workspaceId, reference, LANES)
    return { lane, id: derivedId(Date.now() - 86_400_000, lane, workspaceId, reference), reference, token: `ignorer-device-${n}-0123456789abcdef` }
  })
  await insertContacts(database, workspaceId, keys, contacts)
  return {
    database,
    vault,
    secretKey: masterKey.toString('base64'),
    workspaceId,
    apiKey,
    templateId,
    contacts,
    async publish(graph) {
      const [journeyId, versionId] = [randomUUID(), randomUUID()]
      await database.owner.query(`INSERT INTO journey (id, workspace_id, name) VALUES ($1, $2, 'Bench')`, [journeyId, workspaceId])
      await database.owner.query('INSERT INTO journey_version (id, workspace_id, journey_id, number, graph) VALUES ($1, $2, $3, 1, $4)', [
        versionId,
        workspaceId,
        journeyId,
        JSON.stringify(graph),
      ])
      await database.owner.query(`UPDATE journey SET live_version_id = $2, status = 'LIVE' WHERE id = $1`, [journeyId, versionId])
      return { journeyId, versionId }
    },
  }
}

async function insertContacts(database: TestDatabase, workspaceId: string, keys: WorkspaceKeys, contacts: readonly BenchContact[]): Promise<void> {
  const now = Date.now() - 86_400_000
  for (let start = 0; start < contacts.length; start += 5_000) {
    const rows = contacts.slice(start, start + 5_000).map((each, index) => ({
      lane: each.lane,
      id: each.id,
      reference: each.reference,
      external: each.reference.slice('external:'.length),
      identity: derivedId(now, each.lane, each.id, 'identity'),
      address: `\\x${keys.seal(each.token).toString('hex')}`,
      blind: keys.blindIndex('push', each.token),
      attributes: { firstName: `Ada ${start + index}`, plan: (start + index) % 3 === 0 ? 'pro' : 'free', city: 'Lisbon', visits: start + index },
    }))
    await database.owner.query(
      `WITH r AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (lane smallint, id uuid, reference text, external text, identity uuid, address bytea, blind text, attributes jsonb)),
        people AS (INSERT INTO contact (lane, id, workspace_id, external_id, attributes) SELECT lane, id, $2, external, attributes FROM r),
        names AS (INSERT INTO contact_alias (lane, workspace_id, reference, contact_id) SELECT lane, $2, reference, id FROM r)
      INSERT INTO channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index, platform) SELECT lane, identity, $2, id, 'push', address, blind, 'android' FROM r`,
      [JSON.stringify(rows), workspaceId],
    )
  }
  await database.owner.query('VACUUM ANALYZE contact, contact_alias, channel_identity')
}

/** What a database of some minutes' age has, its statistics: until then the planner takes every index of a young table for as good as any. */
export async function settle({ owner }: TestDatabase): Promise<void> {
  await owner.query('ANALYZE')
  await owner.query('CHECKPOINT')
}
