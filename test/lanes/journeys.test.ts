import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import type { Client } from '../../src/store/ask.ts'
import { chain, delay, on, type TestWorkspace, testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)

const graph = chain([on('seen'), delay('PT1H')])
const revision = async () =>
  (await world.rows<{ revision: string }>('SELECT revision FROM configuration')).map((row) => Number(row.revision))[0] ?? -1
const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])

/** The worker's pool, and how often it was asked. */
function counting(): { client: Client; asked(): number } {
  let n = 0
  return {
    client: {
      query: (statement) => {
        n++
        return world.database.worker.query(statement)
      },
    },
    asked: () => n,
  }
}

test('knows live and paused journeys by their workspace, with the version that newcomers enter, and no others', async () => {
  const [live, paused, completed, archived] = [
    await workspace.publish(graph),
    await workspace.publish(graph),
    await workspace.publish(graph),
    await workspace.publish(graph),
  ]
  await setStatus(paused.journeyId, 'PAUSED')
  await setStatus(completed.journeyId, 'COMPLETED')
  await setStatus(archived.journeyId, 'ARCHIVED')
  await world.rows(`INSERT INTO journey (id, workspace_id, name) VALUES ($1, $2, 'Draft')`, [randomUUID(), workspace.id])
  const other = await world.workspace()
  const elsewhere = await other.publish(graph)
  const { journeys, byId } = await openJourneyBook().configuration(world.database.worker, 0)
  const seen = (journeys.get(workspace.id) ?? []).map((each) => ({ id: each.id, paused: each.paused, version: each.graph.versionId }))
  expect(seen.sort((a, b) => Number(a.paused) - Number(b.paused))).toEqual([
    { id: live.journeyId, paused: false, version: live.versionId },
    { id: paused.journeyId, paused: true, version: paused.versionId },
  ])
  expect((journeys.get(other.id) ?? []).map((each) => each.id)).toEqual([elsewhere.journeyId])
  expect([live, paused, completed, archived, elsewhere].map(({ journeyId }) => byId.has(journeyId))).toEqual([true, true, false, false, true])
  expect(byId.get(live.journeyId)?.graph.nodes.get('pause')?.config).toEqual({ duration: 'PT1H' })
})

test('knows the zone of every workspace, also of one without journeys', async () => {
  await world.rows(`UPDATE workspace SET time_zone = 'Asia/Kathmandu' WHERE id = $1`, [workspace.id])
  const { timeZones } = await openJourneyBook().configuration(world.database.worker, 0)
  expect(timeZones.get(workspace.id)).toBe('Asia/Kathmandu')
})

test('asks the database again only for a revision newer than it has', async () => {
  const { journeyId } = await workspace.publish(graph)
  const book = openJourneyBook()
  const { client, asked } = counting()
  const first = await book.configuration(client, 0)
  const once = asked()
  expect(first.revision).toBe(await revision())
  expect(await book.configuration(client, first.revision)).toBe(first)
  await setStatus(journeyId, 'PAUSED')
  // Nothing newer was claimed: what is known will do, however old.
  expect(await book.configuration(client, 0)).toBe(first)
  expect(asked()).toBe(once)
  const second = await book.configuration(client, await revision())
  expect([second.byId.get(journeyId)?.paused, first.byId.get(journeyId)?.paused]).toEqual([true, false])
  expect(second.revision).toBe(await revision())
})

test('every change that decides who may enter has a revision of its own', async () => {
  const changes = [
    () => workspace.publish(graph),
    () => world.rows(`UPDATE workspace SET time_zone = 'Europe/Oslo' WHERE id = $1`, [workspace.id]),
    () => world.workspace(),
    () => world.rows(`UPDATE journey SET status = 'PAUSED' WHERE workspace_id = $1`, [workspace.id]),
    () => world.rows('UPDATE journey SET live_version_id = NULL WHERE workspace_id = $1', [workspace.id]),
  ]
  for (const change of changes) {
    const before = await revision()
    await change()
    expect(await revision(), change.toString()).toBeGreaterThan(before)
  }
})

test('reads and compiles a version once, and keeps it when its journey has gone on', async () => {
  const { journeyId, versionId } = await workspace.publish(graph)
  const second = randomUUID()
  const book = openJourneyBook()
  const { client, asked } = counting()
  const compiled = (await book.versions(client, [versionId, versionId])).get(versionId)
  expect(asked()).toBe(1)
  await world.rows('INSERT INTO journey_version (id, workspace_id, journey_id, number, graph) VALUES ($1, $2, $3, 2, $4)', [
    second,
    workspace.id,
    journeyId,
    JSON.stringify(chain([on('seen'), delay('PT2H')])),
  ])
  await world.rows('UPDATE journey SET live_version_id = $2 WHERE id = $1', [journeyId, second])
  const { byId } = await book.configuration(client, await revision())
  const versions = await book.versions(client, [versionId, second])
  // Zones, journeys, keyword rules and endpoints; the versions were all known.
  expect(asked()).toBe(5)
  expect(versions.get(versionId)).toBe(compiled)
  expect(versions.get(second)).toBe(byId.get(journeyId)?.graph)
  expect([compiled?.nodes.get('pause')?.config, byId.get(journeyId)?.graph.nodes.get('pause')?.config]).toEqual([
    { duration: 'PT1H' },
    { duration: 'PT2H' },
  ])
})

test('a version that does not exist is simply not there', async () => {
  const versions = await openJourneyBook().versions(world.database.worker, [randomUUID()])
  expect(versions.size).toBe(0)
})

test('ticks side by side may ask for different revisions: each gets one at least as new', async () => {
  const book = openJourneyBook()
  const asks: Promise<{ wanted: number; got: number; known: boolean }>[] = []
  for (let n = 0; n < 8; n++) {
    const { journeyId } = await workspace.publish(graph)
    const wanted = await revision()
    asks.push(
      book
        .configuration(world.database.worker, wanted)
        .then((configuration) => ({ wanted, got: configuration.revision, known: configuration.byId.has(journeyId) })),
    )
  }
  for (const { wanted, got, known } of await Promise.all(asks)) {
    expect(got).toBeGreaterThanOrEqual(wanted)
    expect(known).toBe(true)
  }
})

test('knows which endpoints of a workspace are told of what, and of one that is disabled no more', async () => {
  const add = async (of: TestWorkspace, types: string[]) => {
    const id = randomUUID()
    await world.rows(`INSERT INTO webhook_endpoint (id, workspace_id, url, event_types, secret) VALUES ($1, $2, 'https://hooks.example', $3, '')`, [
      id,
      of.id,
      types,
    ])
    return id
  }
  const book = openJourneyBook()
  const told = async (of: TestWorkspace) =>
    Object.fromEntries((await book.configuration(world.database.worker, await revision())).subscriptions.get(of.id) ?? [])
  expect(await told(workspace)).toEqual({})
  const both = await add(workspace, ['message.updated', 'enrollment.ended'])
  const one = await add(workspace, ['message.updated'])
  await add(await world.workspace(), ['message.updated'])
  expect(await told(workspace)).toEqual({ 'message.updated': [both, one].sort(), 'enrollment.ended': [both] })
  await world.rows('UPDATE webhook_endpoint SET disabled_at = now() WHERE id = $1', [both])
  expect(await told(workspace)).toEqual({ 'message.updated': [one] })
  const before = await revision()
  await world.rows('UPDATE webhook_endpoint SET failing_since = now() WHERE id = $1', [one])
  expect(await revision()).toBe(before)
  await world.rows('DELETE FROM webhook_endpoint WHERE id = $1', [one])
  expect(await told(workspace)).toEqual({})
})
