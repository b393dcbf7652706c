import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../../../src/services/context.ts'
import { createFromTemplate, type FromTemplate } from '../../../src/services/journey-templates/create.ts'
import { journeysByIds, publishJourney } from '../../../src/services/journeys.ts'
import { createTemplate, listTemplates } from '../../../src/services/templates.ts'
import { faultOf, openTestServices, type TestServices } from '../../support/services.ts'

let here: TestServices
let caller: Caller
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())
beforeEach(async () => {
  caller = await here.workspace()
})

const create = (input: Partial<FromTemplate>) =>
  createFromTemplate(here.services, caller, { key: 'abandoned_cart', templates: [], parameters: [], ...input })
const draftOf = async (id: string) => (await journeysByIds(here.services, caller, [id])).get(id)?.draft
const names = async () => (await listTemplates(here.services, caller, { channel: null, first: 100, before: null })).map((each) => each.name).sort()

test('makes a draft that may be published as it is, and templates of its words', async () => {
  const id = await create({ name: 'Carts', idempotencyKey: 'k' })
  expect(await create({ name: 'Carts', idempotencyKey: 'k' })).toBe(id)
  expect(await names()).toEqual(['Carts: First reminder', 'Carts: Last call', 'Carts: Second reminder'])
  await publishJourney(here.services, caller, { id })
})

test('made twice under one name, the second has templates of its own', async () => {
  const first = await create({ name: 'Carts' })
  const second = await create({ name: 'Carts', idempotencyKey: 'again' })
  expect([second === first, await create({ name: 'Carts', idempotencyKey: 'again' })]).toEqual([false, second])
  expect(await names()).toEqual(['First reminder', 'Last call', 'Second reminder'].flatMap((title) => [`Carts: ${title}`, `Carts: ${title} (2)`]))
})

test('takes one’s own templates and addresses, and a day as long as wanted', async () => {
  const sms = await createTemplate(here.services, caller, {
    name: 'Mine',
    channel: 'sms',
    variants: [{ locale: 'en', content: { body: 'Mine' } }],
  })
  const draft = await draftOf(await create({ templates: [{ slot: 'sms', templateId: sms }], secondsPerDay: 8.64 }))
  const node = (key: string) => draft?.nodes.find((each) => each.key === key)?.config
  expect(node('sms')).toEqual({ templateId: sms })
  expect(node('cart')).toMatchObject({ quietFor: 'PT0.09S' })
  expect(node('email')).toMatchObject({ followUps: [{ on: 'IGNORED', after: 'PT8.64S' }] })
  expect(draft?.goals[0]?.window).toBe('PT60.48S')
  const named = await draftOf(await create({ key: 'post_purchase', parameters: [{ name: 'done', value: 'https://mine.example/x' }] }))
  expect(named?.nodes.at(-1)?.config).toMatchObject({ url: 'https://mine.example/x' })
})

test('refuses what does not fit, by its field, and makes nothing', async () => {
  const push = await createTemplate(here.services, caller, {
    name: 'Push',
    channel: 'push',
    variants: [{ locale: 'en', content: { title: 'T', body: 'B' } }],
  })
  const faults = [
    await faultOf(create({ key: 'none' })),
    await faultOf(create({ secondsPerDay: 0 })),
    await faultOf(create({ parameters: [{ name: 'x', value: 'y' }] })),
    await faultOf(create({ templates: [{ slot: 'x', templateId: push }] })),
    await faultOf(create({ templates: [{ slot: 'sms', templateId: push }] })),
  ]
  expect(faults).toEqual([
    { code: 'NOT_FOUND', path: ['key'] },
    { code: 'INVALID_INPUT', path: ['secondsPerDay'] },
    { code: 'INVALID_INPUT', path: ['parameters', '0', 'name'] },
    { code: 'INVALID_INPUT', path: ['templates', '0', 'slot'] },
    { code: 'INVALID_INPUT', path: ['templates', '0', 'templateId'] },
  ])
  expect(await names()).toEqual(['Push'])
})
