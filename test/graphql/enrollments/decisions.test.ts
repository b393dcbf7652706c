import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../../../src/domain/global-id.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
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

const LANE = 3

/** An enrollment whose n-th entry holds as many decisions as `sizes` says, at nodes `n.m`. */
async function traced(workspaceId: string, sizes: readonly number[]): Promise<string> {
  const [id, contact, any] = [newLanedId(LANE), newLanedId(LANE), randomUUID()]
  await database.owner.query(
    `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, state, entered_at) VALUES ($1, $2, $3, $4, $4, $5, 'ACTIVE', '{}', now())`,
    [LANE, id, workspaceId, any, contact],
  )
  for (const [n, size] of sizes.entries()) {
    const decisions = Array.from({ length: size }, (_, m) => ({ code: 'arrived', node: `${n + 1}.${m}` }))
    await database.owner.query(
      `INSERT INTO journal (lane, at, id, workspace_id, contact_id, journey_id, enrollment_id, seq, input, decisions) VALUES ($1, now(), $2, $3, $4, $5, $6, $7, '{}', $8)`,
      [LANE, newLanedId(LANE), workspaceId, contact, any, id, n + 1, JSON.stringify(decisions)],
    )
  }
  return encodeGlobalId('Enrollment', id)
}

const QUERY = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { enrollment(id: $id) {
  decisions(first: $first, after: $after, last: $last, before: $before) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { node } } } } }`

async function page(key: string, variables: Record<string, unknown>) {
  const answer = await api.graphql(key, QUERY, variables)
  expect(answer.errors).toBeUndefined()
  const { edges, pageInfo } = answer.data.enrollment.decisions
  return { nodes: edges.map((edge: { node: { node: string } }) => edge.node.node), ...pageInfo }
}

test.each([1, 2, 3, 5])('pages of %i make up the whole trace, oldest first, from either end', async (size) => {
  const { id: workspaceId, key } = await api.workspace()
  const sizes = [1, 3, 1, 4, 2]
  const id = await traced(workspaceId, sizes)
  const all = sizes.flatMap((n, entry) => Array.from({ length: n }, (_, m) => `${entry + 1}.${m}`))
  const whole = await page(key, { id, first: 100 })
  expect([whole.nodes, whole.hasNextPage, whole.hasPreviousPage]).toEqual([all, false, false])
  const [forward, backward]: [string[], string[]] = [[], []]
  for (let [after, more] = [null as string | null, true]; more; ) {
    const next = await page(key, { id, first: size, after })
    forward.push(...next.nodes)
    ;[after, more] = [next.endCursor, next.hasNextPage]
  }
  for (let [before, more] = [null as string | null, true]; more; ) {
    const next = await page(key, { id, last: size, before })
    backward.unshift(...next.nodes)
    ;[before, more] = [next.startCursor, next.hasPreviousPage]
  }
  expect([forward, backward]).toEqual([all, all])
})

test('between two cursors stands what is between them, and another list’s cursor is refused', async () => {
  const { id: workspaceId, key } = await api.workspace()
  const id = await traced(workspaceId, [3, 3])
  const [second, fifth] = [(await page(key, { id, first: 2 })).endCursor, (await page(key, { id, first: 5 })).endCursor]
  expect((await page(key, { id, first: 9, after: second, before: fifth })).nodes).toEqual(['1.2', '2.0'])
  expect((await page(key, { id, last: 1, after: second, before: fifth })).nodes).toEqual(['2.0'])
  const refused = await api.graphql(key, QUERY, { id, after: Buffer.from('1.x').toString('base64url') })
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', field: ['after'] })
})
