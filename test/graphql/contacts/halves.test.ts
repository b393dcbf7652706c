import { afterAll, beforeAll, expect, test } from 'vitest'
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

const ADD = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { userErrors { message } } }'
const SAY = 'mutation ($input: SetConsentInput!) { setConsent(input: $input) { userErrors { message } } }'
const FIND = `{ contact(ref: { externalId: "ada" }) { identities { channel maskedAddress } consents { channel state }
  consentHistory { channel state source } reachability { channel reachable } } }`

test('whoever is merged into somebody brings their addresses and what they said along', async () => {
  const { key } = await api.workspace()
  const ask = async (mutation: string, input: object) => {
    const { data, errors } = await api.graphql(key, mutation, { input })
    expect([errors, (Object.values(data)[0] as { userErrors: object[] }).userErrors]).toEqual([undefined, []])
  }
  const say = (contact: object, channel: string, state: string, source: string) => ask(SAY, { contact, channel, state, purpose: 'news', source })
  await ask(ADD, { contact: { externalId: 'ada' }, channel: 'EMAIL', address: 'ada@example.com' })
  await say({ externalId: 'ada' }, 'EMAIL', 'GRANTED', 'shop')
  await ask(ADD, { contact: { anonymousId: 'device' }, channel: 'SMS', address: '+4915112345678' })
  await say({ anonymousId: 'device' }, 'SMS', 'GRANTED', 'app')
  await say({ anonymousId: 'device' }, 'EMAIL', 'WITHDRAWN', 'app')
  await api.graphql(key, 'mutation { identifyContact(input: { anonymousId: "device", externalId: "ada" }) { userErrors { message } } }')
  await say({ externalId: 'ada' }, 'PUSH', 'GRANTED', 'shop')
  const { contact } = (await api.graphql(key, FIND)).data
  expect(contact.identities).toEqual([
    { channel: 'EMAIL', maskedAddress: 'a***@example.com' },
    { channel: 'SMS', maskedAddress: '+49***78' },
  ])
  const sorted = (rows: { channel: string; state: string }[]) => rows.map((row) => `${row.channel} ${row.state}`).sort()
  expect(sorted(contact.consents)).toEqual(['EMAIL GRANTED', 'EMAIL WITHDRAWN', 'PUSH GRANTED', 'SMS GRANTED'])
  expect(contact.consentHistory.map((row: { channel: string; source: string }) => `${row.channel} ${row.source}`)).toEqual([
    'PUSH shop',
    'EMAIL app',
    'SMS app',
    'EMAIL shop',
  ])
  // As the gate has it: a withdrawal stands, whichever half it is of.
  const reached = contact.reachability.filter((each: { reachable: boolean }) => each.reachable).map((each: { channel: string }) => each.channel)
  expect([reached.includes('SMS'), reached.includes('EMAIL')]).toEqual([true, false])
  const first = await api.graphql(key, '{ contact(ref: { externalId: "ada" }) { consentHistory(first: 2) { source } } }')
  expect(first.data.contact.consentHistory).toEqual([{ source: 'shop' }, { source: 'app' }])
})
