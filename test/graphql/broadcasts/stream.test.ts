import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { CHANGE_CHANNEL, encodeChanges } from '../../../src/realtime/changes.ts'
import { createTemplate } from '../../../src/services/templates.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
import { passBroadcast } from '../../../src/store/queries/broadcast.ts'
import { inTransaction } from '../../../src/store/sql.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

interface Shown {
  status: string
  progress: { handed: number; suppressed: number }
}

async function* follow(key: string, id: string): AsyncGenerator<Shown> {
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  })
  const query = 'subscription ($id: ID!) { broadcastChanged(id: $id) { status progress { handed suppressed } } }'
  try {
    for await (const { data } of client.iterate<{ broadcastChanged: Shown }>({ query, variables: { id } })) if (data) yield data.broadcastChanged
  } finally {
    await client.dispose()
  }
}

async function create() {
  const { id: workspaceId, key, caller } = await api.workspace()
  const variants = [{ locale: 'en', content: { body: 'Hi' } }]
  const templateId = await createTemplate(api.services, caller, { name: 'News', channel: 'sms', variants })
  const input = { name: 'News', templateId: Buffer.from(`Template:${templateId}`).toString('base64url'), audience: { tag: 'vip' } }
  const made = await api.graphql(key, 'mutation ($input: CreateBroadcastInput!) { createBroadcast(input: $input) { broadcast { id } } }', { input })
  const id: string = made.data.createBroadcast.broadcast.id
  return { workspaceId, key, id, uuid: Buffer.from(id, 'base64url').toString().split(':')[1] ?? '' }
}

test('who follows a broadcast sees it at once, as it goes on, as its messages do, and as it is stopped', async () => {
  const { workspaceId, key, id, uuid } = await create()
  const seen = follow(key, id)
  const next = async () => (await seen.next()).value
  expect(await next()).toEqual({ status: 'RUNNING', progress: { handed: 0, suppressed: 0 } })
  await inTransaction(database.worker, (client) => passBroadcast(client, uuid, { cursor: null, handed: 2, last: false }))
  expect(await next()).toEqual({ status: 'RUNNING', progress: { handed: 2, suppressed: 0 } })
  const messageId = newLanedId(3)
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, planned_at, broadcast_id)
     VALUES (3, $1, $2, $3, 'sms', 'SERVICE', $4, 'SUPPRESSED', now(), $5)`,
    [messageId, workspaceId, newLanedId(3), randomUUID(), uuid],
  )
  for (const payload of encodeChanges({ workspaceId, enrollments: [], messages: [messageId], journeys: [], truncated: false }))
    await database.worker.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, payload])
  expect(await next()).toEqual({ status: 'RUNNING', progress: { handed: 2, suppressed: 1 } })
  await api.graphql(key, 'mutation ($id: ID!) { cancelBroadcast(input: { id: $id }) { broadcast { id } } }', { id })
  expect(await next()).toEqual({ status: 'CANCELLED', progress: { handed: 2, suppressed: 1 } })
  await seen.return(undefined)
})

test('nobody follows another workspace’s: it ends as one does that is not there', async () => {
  const { id } = await create()
  const { key } = await api.workspace()
  expect((await follow(key, id).next()).done).toBe(true)
})
