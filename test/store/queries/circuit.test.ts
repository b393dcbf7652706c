import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { ConnectionFault } from '../../../src/domain/circuit.ts'
import { recordFault, recordSuccess } from '../../../src/store/queries/circuit.ts'
import { testRing, testWorkspace } from '../../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)
let first: string
beforeEach(async () => {
  first = await connect(1)
})

async function connect(priority: number, channel = 'email'): Promise<string> {
  const id = randomUUID()
  await world.rows(
    `INSERT INTO provider_connection (id, workspace_id, channel, provider, name, credentials, priority) VALUES ($1, $2, $3, 'test', 'Test', '', $4)`,
    [id, workspace.id, channel, priority],
  )
  return id
}
const FAULT: ConnectionFault = { code: 'X', opensAfter: 3, openFor: 10_000, atMost: 35_000 }
const fail = (id = first, change: Partial<ConnectionFault> = {}) => recordFault(world.database.worker, id, { ...FAULT, ...change })
const pass = (seconds: number) =>
  world.rows(`UPDATE provider_circuit SET open_until = open_until - $2 * interval '1 second' WHERE connection_id = $1`, [first, seconds])
async function circuit(): Promise<{ failures: number; code: string; left: number | null } | undefined> {
  const [row] = await world.rows<{ failures: number; code: string; left: number | null }>(
    `SELECT failures, code, round(extract(epoch FROM open_until - clock_timestamp()))::int AS left FROM provider_circuit WHERE connection_id = $1`,
    [first],
  )
  return row
}

test('so many faults in a row open it, longer each time, up to a bound; while it is open none is counted', async () => {
  expect([await fail(), await fail()]).toEqual([
    { open: false, spare: false },
    { open: false, spare: false },
  ])
  expect(await circuit()).toEqual({ failures: 2, code: 'X', left: null })
  expect(await fail(first, { code: 'Y' })).toEqual({ open: true, spare: false })
  expect(await circuit()).toEqual({ failures: 3, code: 'Y', left: 10 })
  expect(await Promise.all(Array.from({ length: 5 }, () => fail()))).toEqual(Array(5).fill({ open: true, spare: false }))
  expect(await circuit()).toEqual({ failures: 3, code: 'Y', left: 10 })
  for (const [failures, left] of [
    [4, 20],
    [5, 35],
    [6, 35],
  ]) {
    await pass(60)
    expect(await fail()).toEqual({ open: true, spare: false })
    expect(await circuit()).toEqual({ failures, code: 'X', left })
  }
})

test('one fault is enough where it is to be; many at once count as one', async () => {
  await Promise.all(Array.from({ length: 8 }, () => fail(first, { opensAfter: 1 })))
  expect(await circuit()).toEqual({ failures: 1, code: 'X', left: 10 })
})

test('a success closes it once its time has come, and not one that was under way when it opened', async () => {
  await recordSuccess(world.database.worker, first)
  expect(await circuit()).toBeUndefined()
  await fail()
  await recordSuccess(world.database.worker, first)
  expect(await circuit()).toEqual({ failures: 0, code: 'X', left: null })
  await fail(first, { opensAfter: 1 })
  await recordSuccess(world.database.worker, first)
  expect(await circuit()).toEqual({ failures: 1, code: 'X', left: 10 })
  await pass(11)
  await recordSuccess(world.database.worker, first)
  expect(await circuit()).toEqual({ failures: 0, code: 'X', left: null })
})

test('a spare is live, of the same channel and workspace, and not open itself', async () => {
  const spare = async () => (await fail()).spare
  await connect(1, 'sms')
  expect(await spare()).toBe(false)
  const second = await connect(2)
  expect(await spare()).toBe(true)
  await fail(second, { opensAfter: 1 })
  expect(await spare()).toBe(false)
  await world.rows('UPDATE provider_circuit SET open_until = now() WHERE connection_id = $1', [second])
  expect(await spare()).toBe(true)
  await world.rows('UPDATE provider_connection SET disabled_at = now() WHERE id = $1', [second])
  expect(await spare()).toBe(false)
})

test('of a connection that is gone nothing is kept', async () => {
  expect(await fail(randomUUID())).toEqual({ open: false, spare: false })
})
