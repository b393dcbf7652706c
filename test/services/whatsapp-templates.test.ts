import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contentSid, templateId } from '../../src/sandbox/whatsapp-templates.ts'
import { acceptCallbacks, findCallbackConnection } from '../../src/services/callbacks.ts'
import { connectProvider, disableConnection } from '../../src/services/connections.ts'
import type { Caller } from '../../src/services/context.ts'
import { listWhatsappTemplates, syncWhatsappTemplates, whatsappFaults, whatsappTemplatesByIds } from '../../src/services/whatsapp-templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { inWorkspaceEm } from '../../src/store/orm.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let sandbox: Sandbox
let caller: Caller
let connectionId: string
beforeAll(async () => {
  here = await openTestServices()
  sandbox = await startSandbox()
})
afterAll(async () => {
  await sandbox.close()
  await here.close()
})
let accounts = 0
let account = sandboxCredentials('templates')
beforeEach(async () => {
  caller = await here.workspace()
  account = sandboxCredentials(`templates-${accounts++}`)
  connectionId = await connect('meta')
})

async function connect(provider: 'meta' | 'twilio_whatsapp' | 'twilio'): Promise<string> {
  const { credentials, settings } = account[provider]
  const input = { provider, name: provider, credentials: { ...credentials }, settings: { ...settings }, baseUrl: sandbox.url }
  return (await connectProvider(here.services, caller, input)).id
}

const all = (status: 'APPROVED' | 'DELETED' | null = null) =>
  listWhatsappTemplates(here.services, caller, { connectionId: null, status, first: 50, before: null })
const names = async (status: 'APPROVED' | 'DELETED' | null = null) => (await all(status)).map((row) => row.name).sort()
const order = templateId({ name: 'order_update', language: 'en_US' })

describe('a sync', () => {
  test('keeps what the provider has, once however often', async () => {
    expect(await syncWhatsappTemplates(here.services, caller, connectionId)).toBe(10)
    const before = await all()
    expect(await syncWhatsappTemplates(here.services, caller, connectionId)).toBe(10)
    const after = await all()
    expect(after.map(({ id, status }) => [id, status])).toEqual(before.map(({ id, status }) => [id, status]))
    expect(await names('APPROVED')).toEqual([
      'cart_reminder',
      'coupon',
      'greeting',
      'invoice',
      'login_code',
      'new_arrivals',
      'order_update',
      'weekend_offer',
    ])
    const row = after.find(({ name }) => name === 'order_update')
    expect(row).toMatchObject({ connectionId, providerId: order, language: 'en_US', category: 'UTILITY', reason: null, slots: { body: ['1', '2'] } })
    expect((await whatsappTemplatesByIds(here.services, caller, [row?.id ?? ''])).get(row?.id ?? '')?.name).toBe('order_update')
  })

  test('takes over every change, and what is gone there is DELETED here', async () => {
    await syncWhatsappTemplates(here.services, caller, connectionId)
    await here.database.owner.query(
      `UPDATE whatsapp_template SET provider_id = CASE WHEN name = 'greeting' THEN 'gone' ELSE provider_id END, status = 'PENDING' WHERE connection_id = $1`,
      [connectionId],
    )
    sandbox.review({ account: account.meta.settings.phoneNumberId, name: 'order_update', status: 'PAUSED' })
    await syncWhatsappTemplates(here.services, caller, connectionId)
    expect(await names('APPROVED')).toEqual(['cart_reminder', 'coupon', 'greeting', 'invoice', 'login_code', 'new_arrivals', 'weekend_offer'])
    expect((await all('DELETED')).map(({ providerId }) => providerId)).toEqual(['gone'])
  })

  test('of a provider that is away changes nothing', async () => {
    await syncWhatsappTemplates(here.services, caller, connectionId)
    await here.database.owner.query(`UPDATE provider_connection SET base_url = 'http://127.0.0.1:9' WHERE id = $1`, [connectionId])
    expect((await faultOf(syncWhatsappTemplates(here.services, caller, connectionId))).code).toBe('UNAVAILABLE')
    expect((await all()).length).toBe(10)
  })

  test("is refused for what is not there, another workspace's, disabled, or has no templates", async () => {
    const missing = { code: 'NOT_FOUND', path: ['connectionId'] }
    const other = await here.workspace()
    expect(await faultOf(syncWhatsappTemplates(here.services, caller, newId()))).toEqual(missing)
    expect(await faultOf(syncWhatsappTemplates(here.services, other, connectionId))).toEqual(missing)
    await disableConnection(here.services, caller, connectionId)
    expect(await faultOf(syncWhatsappTemplates(here.services, caller, connectionId))).toEqual(missing)
    expect(await faultOf(syncWhatsappTemplates(here.services, caller, await connect('twilio')))).toEqual({
      code: 'INVALID_INPUT',
      path: ['connectionId'],
    })
    expect(await all()).toEqual([])
  })
})

test('a review changes a status; what was reviewed before it and is heard of later does not', async () => {
  await syncWhatsappTemplates(here.services, caller, connectionId)
  const connection = await findCallbackConnection(here.services, connectionId)
  if (connection === null) throw new Error('the connection is gone')
  const review = (status: 'PAUSED' | 'APPROVED' | 'DISABLED', at: number, providerId = order) =>
    acceptCallbacks(here.services, connection, [{ type: 'template', providerEventId: `${status}:${at}`, providerId, status, reason: 'SPAM', at }])
  const now = async () => (await all()).filter(({ reviewedAt }) => reviewedAt !== null).map(({ name, status, reason }) => [name, status, reason])
  expect(await review('PAUSED', 1_800_000_002_000)).toBe(0)
  await review('APPROVED', 1_800_000_001_000)
  await review('DISABLED', 1_800_000_009_000, '1')
  expect(await now()).toEqual([['order_update', 'PAUSED', 'SPAM']])
  await review('APPROVED', 1_800_000_003_000)
  expect(await now()).toEqual([['order_update', 'APPROVED', 'SPAM']])
})

test('another category is told from where it was, so that what is told again later changes nothing', async () => {
  await syncWhatsappTemplates(here.services, caller, connectionId)
  const connection = await findCallbackConnection(here.services, connectionId)
  if (connection === null) throw new Error('the connection is gone')
  const change = (from: string, category: string) =>
    acceptCallbacks(here.services, connection, [
      { type: 'template_category', providerEventId: `${from}:${category}`, providerId: order, from, category, at: 1_800_000_000_000 },
    ])
  const now = async () => (await all()).find(({ providerId }) => providerId === order)?.category
  expect([await change('UTILITY', 'MARKETING'), await now()]).toEqual([0, 'MARKETING'])
  expect([await change('AUTHENTICATION', 'UTILITY'), await now()]).toEqual([0, 'MARKETING'])
  await change('MARKETING', 'UTILITY')
  expect([await change('AUTHENTICATION', 'MARKETING'), await now()]).toEqual([0, 'UTILITY'])
})

describe('what is known to be wrong before anything is sent', () => {
  const faults = (...contents: object[]) =>
    inWorkspaceEm(here.services.orm, caller.workspaceId, async (em) =>
      (
        await whatsappFaults(
          em,
          contents.map((content) => ({ locale: 'en', content: content as never })),
        )
      ).map(({ path, message }) => `${path.join('.')}: ${message}`),
    )
  const utility = (template: object) => ({ category: 'UTILITY', template })
  const fits = { name: 'order_update', language: 'en_US', body: ['a', 'b'], buttons: [{ index: 0, type: 'URL', value: '7' }] }

  test('nothing of free words', async () => {
    await disableConnection(here.services, caller, connectionId)
    expect(await faults({ category: 'SERVICE', session: { text: 'x'.repeat(4_096) } })).toEqual([])
    expect(await faults(utility(fits))).toEqual([': no WhatsApp connection is live, so no template is approved'])
  })

  test('at Meta: a template that is unknown, not approved, or filled in wrongly, each variant by itself', async () => {
    expect(await faults(utility(fits))).toEqual(['variants.0.content.template: is not among the provider’s templates; sync them'])
    await syncWhatsappTemplates(here.services, caller, connectionId)
    expect(await faults(utility(fits), utility({ ...fits, sid: `HX${'0'.repeat(32)}`, body: ['a', 'b'] }))).toEqual([])
    expect(
      await faults(
        utility(fits),
        { ...utility({ ...fits, body: ['a'] }), category: 'MARKETING' },
        { category: 'MARKETING', template: { name: 'winter_sale', language: 'en_US' } },
        utility({ ...fits, language: 'de' }),
        utility({ sid: `HX${'0'.repeat(32)}` }),
      ),
    ).toEqual([
      'variants.1.content.category: the template is approved for UTILITY',
      'variants.1.content.template.body: the template takes 2 variables, not 1',
      'variants.2.content.template: is PAUSED',
      'variants.3.content.template: is not among the provider’s templates; sync them',
      'variants.4.content.template: has no name at Meta',
    ])
  })

  test('at Twilio: contents by their SID, and no buttons without one', async () => {
    await disableConnection(here.services, caller, connectionId)
    await syncWhatsappTemplates(here.services, caller, await connect('twilio_whatsapp'))
    const sid = contentSid({ name: 'order_update', language: 'en_US' })
    expect(await faults(utility({ ...fits, body: ['only Meta would mind'], sid, variables: { 1: 'a', 2: 'b', 3: 'c' } }))).toEqual([])
    expect(
      await faults(utility({ sid, variables: { 1: 'a' } }), utility(fits), {
        category: 'SERVICE',
        session: { text: 'x', buttons: [{ id: 'y', title: 'Yes' }] },
      }),
    ).toEqual([
      'variants.0.content.template.variables: the template takes 2, 3 too',
      'variants.1.content.template: has no content SID at Twilio',
      'variants.2.content.session: Twilio sends buttons and lists as contents only',
    ])
    const words = (text: string) => faults({ category: 'SERVICE', session: { text } })
    expect([await words('x'.repeat(1_600)), await words(`${'x'.repeat(1_600)}{{ key }}`)]).toEqual([[], []])
    expect(await words('x'.repeat(1_601))).toEqual(['variants.0.content.session.text: has at most 1600 characters at Twilio'])
  })
})
