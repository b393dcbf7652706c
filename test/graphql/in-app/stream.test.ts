import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openInAppSender } from '../../../jobs/in-app.ts'
import { laneOf } from '../../../src/domain/ids.ts'
import type { ApiContext } from '../../../src/graphql/context.ts'
import { inAppChanges } from '../../../src/graphql/in-app/stream.ts'
import { createWatcher, type Hub } from '../../../src/realtime/hub.ts'
import { upsertContact } from '../../../src/services/contacts.ts'
import type { Caller } from '../../../src/services/context.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
import { openTestServices, type TestServices } from '../../support/services.ts'

let world: TestServices
let server: Caller
let ada: string
/** What the hub would say, said by hand. */
let say: (missed?: number) => void
let watching: string[]
let context: ApiContext
beforeAll(async () => {
  world = await openTestServices()
})
afterAll(() => world.close())
beforeEach(async () => {
  server = await world.workspace()
  ada = await upsertContact(world.services, server, { contact: { externalId: 'ada' } })
  watching = []
  const hub: Pick<Hub, 'watch'> = {
    watch(whose, kind) {
      watching.push(`${whose}/${kind}`)
      const { watcher, iterator } = createWatcher(() => watching.splice(0))
      say = (missed = 0) => watcher.push(missed > 0 ? [] : [whose], missed)
      return iterator
    },
  }
  const caller: Caller = { workspaceId: server.workspaceId, keyId: null, scopes: [], contactId: ada }
  context = { services: world.services, hub: hub as Hub, caller, loaders: new Map(), requestId: 'test' }
})

let planned = 1_750_000_000_000
async function send(title: string, age = '0 minutes'): Promise<void> {
  const id = newLanedId(laneOf(ada), planned++)
  await world.database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, attempt, planned_at) VALUES ($1, $2, $3, $4, 'in_app', 'SERVICE', $5, 'SENT', 1, now())`,
    [laneOf(id), id, server.workspaceId, ada, randomUUID()],
  )
  await openInAppSender(world.database.worker).show({ id, contact_id: ada }, { surface: 'MODAL', title })
  await world.database.owner.query('UPDATE in_app_message SET changed_at = now() - $2::interval WHERE id = $1', [id, age])
}

const ANYWHERE = { surfaces: null, platform: null, screen: null, event: null }
const open = () => inAppChanges(context, null, ANYWHERE)
const titles = ({ value }: Awaited<ReturnType<Awaited<ReturnType<typeof open>>['next']>>) => value.values.map((each: { title: string }) => each.title)

test('begins with the last minute, and what is older is left to the query', async () => {
  await send('old', '2 minutes')
  await send('young', '30 seconds')
  await send('gone', '30 seconds')
  await world.database.owner.query(`UPDATE in_app_message SET dismissed_at = now() WHERE content->>'title' = 'gone'`)
  const stream = await open()
  expect(watching).toEqual([`${ada}/inApp`])
  expect(titles(await stream.next())).toEqual(['young'])
  await stream.return?.()
  expect(watching).toEqual([])
})

test('a round tells all that changed since the one before, once, in the order in which it did', async () => {
  const stream = await open()
  const first = stream.next()
  await send('one')
  await send('two')
  say()
  const heard: string[] = titles(await first)
  while (heard.length < 2) heard.push(...titles(await stream.next()))
  expect(heard).toEqual(['one', 'two'])
  say()
  const next = stream.next()
  await send('three')
  say()
  expect(titles(await next)).toEqual(['three'])
  await stream.return?.()
})

test('what the hub missed is made up for as soon as it says so', async () => {
  const stream = await open()
  await send('first')
  expect(titles(await stream.next())).toEqual(['first'])
  await send('unheard')
  say(1)
  const round = (await stream.next()).value
  expect([titles({ value: round, done: false }), round.missed]).toEqual([['unheard'], 0])
  await stream.return?.()
})

test('what it gives the contact is delivered; a wait that has begun ends at once', async () => {
  await send('one')
  const stream = await open()
  await stream.next()
  const { rows } = await world.database.owner.query(
    `SELECT data::json->>'status' AS status FROM inbox WHERE workspace_id = $1 AND kind = 'callback'`,
    [server.workspaceId],
  )
  expect(rows).toEqual([{ status: 'DELIVERED' }])
  const waiting = stream.next()
  await stream.return?.()
  expect([await waiting, watching]).toEqual([{ done: true, value: undefined }, []])
})
