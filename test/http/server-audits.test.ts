import { readFile } from 'node:fs/promises'
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

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

test('nothing the GraphQL-over-HTTP specification demands is missing, and what it recommends and we do not is explained', async () => {
  const { key } = await api.workspace()
  const withKey: typeof fetch = (url, init) =>
    fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${key}` } })
  const failed: Record<'MUST' | 'SHOULD' | 'MAY', string[]> = { MUST: [], SHOULD: [], MAY: [] }
  for (const audit of serverAudits({ url: `${api.url}/graphql`, fetchFn: withKey })) {
    const result = await audit.fn()
    if (result.status !== 'ok') failed[audit.name.split(' ')[0] as 'MUST'].push(`${audit.id} ${audit.name}`)
  }
  const page = await readFile('docs/graphql-over-http.md', 'utf8')
  const explained = [...page.matchAll(/^\| `([0-9A-Z]{4})` \|/gm)].map((match) => match[1])
  expect(failed.MUST).toEqual([])
  expect([...failed.SHOULD, ...failed.MAY].map((each) => each.slice(0, 4)).sort(), [...failed.SHOULD, ...failed.MAY].join('\n')).toEqual(
    explained.sort(),
  )
})
