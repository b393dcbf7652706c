import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/services/context.ts'
import { keysOf, rewrapDataKeys, rotateWorkspaceKey } from '../../src/services/workspace-keys.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { createVault } from '../../src/store/vault.ts'
import { openTestDatabase } from '../support/database.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())
afterEach(() => void vi.useRealTimers())

const keyId = (sealed: Buffer) => sealed.subarray(1, 5).toString('hex')
const wrappedOf = async ({ workspaceId }: Caller) =>
  (await here.database.owner.query<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspaceId])).rows[0]?.data_key as Buffer

test('keys are read once a minute, not once a call', async () => {
  const { workspaceId } = await here.workspace()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const first = await keysOf(here.services, here.database.worker, workspaceId)
  vi.setSystemTime(Date.now() + 59_999)
  expect(await keysOf(here.services, here.database.worker, workspaceId)).toBe(first)
  vi.setSystemTime(Date.now() + 1)
  const second = await keysOf(here.services, here.database.worker, workspaceId)
  expect(second).not.toBe(first)
  expect(second.open(first.seal('x'))).toBe('x')
})

test('after a rotation every process reads the new key before any seals with it', async () => {
  const caller = await here.workspace()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  // A process that has read the ring just before, and one that reads it just after.
  const started = Date.now()
  const behind = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const before = behind.seal('before')
  const usedFrom = await rotateWorkspaceKey(here.services, caller, {})
  expect(usedFrom.getTime() - started).toBe(300_000)
  const ahead = () => here.services.vault.workspaceKeys(caller.workspaceId, wrapped)
  const wrapped = await wrappedOf(caller)
  vi.setSystemTime(started + 60_000)
  const refreshed = await keysOf(here.services, here.database.worker, caller.workspaceId)
  expect([keyId(ahead().seal('x')), keyId(refreshed.seal('x'))]).toEqual([keyId(before), keyId(before)])
  vi.setSystemTime(usedFrom)
  const after = ahead().seal('after')
  expect(keyId(after)).not.toBe(keyId(before))
  expect([refreshed.open(after), refreshed.open(before)]).toEqual(['after', 'before'])
})

test('one rotation at a time, of one workspace, and of one that is there', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const untouched = await wrappedOf(other)
  const attempts = await Promise.all(Array.from({ length: 5 }, () => faultOf(rotateWorkspaceKey(here.services, caller, {}))))
  expect(attempts.map(({ code }) => code).sort()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'CONFLICT', undefined])
  expect(await wrappedOf(other)).toEqual(untouched)
  const nowhere = { ...caller, workspaceId: '0197f000-0000-7000-8000-000000000001' }
  expect((await faultOf(rotateWorkspaceKey(here.services, nowhere, {}))).code).toBe('NOT_FOUND')
  expect((await faultOf(keysOf(here.services, here.database.worker, nowhere.workspaceId))).code).toBe('NOT_FOUND')
})

test('a repetition with the same idempotencyKey answers the same and rotates nothing', async () => {
  const caller = await here.workspace()
  const first = await rotateWorkspaceKey(here.services, caller, { idempotencyKey: 'once' })
  const wrapped = await wrappedOf(caller)
  expect(await rotateWorkspaceKey(here.services, caller, { idempotencyKey: 'once' })).toEqual(first)
  expect(await wrappedOf(caller)).toEqual(wrapped)
})

test('a process that starts with a new master key wraps every data key by it; the old one can go', async () => {
  const database = await openTestDatabase()
  try {
    const ownerUrl = database.url
    const read = async () => (await database.owner.query<{ id: string; data_key: Buffer }>('SELECT id, data_key FROM workspace ORDER BY id')).rows
    const [before, after] = [randomBytes(32), randomBytes(32)]
    const old = createVault(before)
    expect(await rewrapDataKeys({ ownerUrl, vault: old })).toEqual([])
    const made = [await createWorkspace({ ownerUrl, vault: old }, { name: 'A' }), await createWorkspace({ ownerUrl, vault: old }, { name: 'B' })]
    const sealed = (await read()).map((row) => old.workspaceKeys(row.id, row.data_key).seal(row.id))
    const untouched = await read()
    await expect(rewrapDataKeys({ ownerUrl, vault: createVault(after) })).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: ['SECRET_KEY'] })
    expect(await rewrapDataKeys({ ownerUrl, vault: old })).toEqual([])
    expect(await read()).toEqual(untouched)
    // Several processes start at once, as they do.
    const both = createVault(after, [before])
    expect(await Promise.all([1, 2, 3].map(() => rewrapDataKeys({ ownerUrl, vault: both })))).toEqual([[], [], []])
    const alone = createVault(after)
    const opened = (await read()).map((row, index) => alone.workspaceKeys(row.id, row.data_key).open(sealed[index] ?? Buffer.alloc(0)))
    expect(opened.sort()).toEqual(made.map(({ id }) => id).sort())
    // One workspace that no key opens does not keep the others from starting.
    await database.owner.query('UPDATE workspace SET data_key = $2 WHERE id = $1', [made[0]?.id, createVault(randomBytes(32)).createDataKey()])
    expect(await rewrapDataKeys({ ownerUrl, vault: alone })).toEqual([made[0]?.id])
  } finally {
    await database.close()
  }
})
