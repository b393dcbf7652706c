import { afterAll, beforeAll, expect, test } from 'vitest'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { MOST_RECIPIENTS, recipientsOf } from '../../src/services/recipients.ts'
import { inWorkspace } from '../../src/store/sql.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
let ada: string
let device: string
beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  ada = await upsertContact(here.services, caller, { contact: { externalId: 'ada' }, attributes: {} })
  device = await upsertContact(here.services, caller, { contact: { anonymousId: 'phone' }, attributes: {} })
})
afterAll(() => here.close())

const find = (contacts: object[], by = caller) =>
  inWorkspace(here.services.apiPool, by.workspaceId, (client) => recipientsOf(client, here.services, by, contacts))

test('everybody is found by whatever they go by, once, in the order of their ids', async () => {
  expect(await find([{ anonymousId: 'phone' }, { id: ada }, { externalId: 'ada' }])).toEqual([ada, device].sort())
})

test('who is not there is told of by place, all of them at once; another workspace’s are not there', async () => {
  const problems = (...places: number[]) => places.map((n) => ({ message: 'There is no such contact.', path: ['contacts', String(n)] }))
  const fault = (contacts: object[], by?: Caller) => find(contacts, by).catch((error: unknown) => (error as { data: unknown }).data)
  expect(await fault([{ externalId: 'eve' }, { externalId: 'ada' }, { id: 'nonsense' }])).toEqual({ problems: problems(0, 2) })
  expect(await fault([{ id: ada }, { externalId: 'ada' }], await here.workspace())).toEqual({ problems: problems(0, 1) })
})

test('a list that is empty, too long or malformed is refused with the place', async () => {
  const refused = { code: 'INVALID_INPUT', path: ['contacts'] }
  expect(await faultOf(find([]))).toEqual(refused)
  expect(await faultOf(find(Array.from({ length: MOST_RECIPIENTS + 1 }, () => ({ externalId: 'ada' }))))).toEqual(refused)
  expect(await faultOf(find([{ externalId: 'ada' }, { externalId: '' }]))).toEqual({ code: 'INVALID_INPUT', path: ['contacts', '1', 'externalId'] })
})
