import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTwilio } from '../../src/channels/twilio-client.ts'
import { readContents } from '../../src/channels/twilio-contents.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'

const { credentials } = sandboxCredentials().twilio_whatsapp

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())
const read = (account = credentials) => readContents(openTwilio(account, sandbox.url, {}))

describe('contents at Twilio', () => {
  it('come with what WhatsApp says of them and the variables they take', async () => {
    const found = await read()
    expect(found.map(({ name, language, category, status, slots }) => [name, language, category, status, slots.variables])).toEqual([
      ['order_update', 'en', 'UTILITY', 'APPROVED', ['1', '2', '3']],
      ['weekend_offer', 'en', 'MARKETING', 'APPROVED', ['1', '2', '3']],
      ['login_code', 'en', 'AUTHENTICATION', 'APPROVED', ['1', '2']],
      ['new_arrivals', 'en', 'MARKETING', 'APPROVED', ['1', '2', '3', '4', '5', '6', '7']],
      ['greeting', 'en', 'UTILITY', 'APPROVED', ['first_name']],
      ['cart_reminder', 'en', 'MARKETING', 'APPROVED', ['first_name', 'items', 'total']],
      ['coupon', 'en', 'MARKETING', 'APPROVED', ['first_name', 'code', 'discount']],
      ['invoice', 'en', 'UTILITY', 'APPROVED', ['first_name', 'order', '1']],
      ['spring_sale', 'en', 'MARKETING', 'PENDING', []],
      ['winter_sale', 'en', 'MARKETING', 'PAUSED', []],
    ])
    expect(found[0]).toMatchObject({
      providerId: contentSid({ name: 'order_update', language: 'en_US' }),
      reason: null,
      components: { 'twilio/call-to-action': { body: 'Hello {{1}}, your order {{2}} is on its way.' } },
      slots: { media: null, headerText: false, headerName: null, body: [], buttons: [], cards: [] },
    })
  })

  it('follow reviews', async () => {
    sandbox.review({ provider: 'twilio_whatsapp', account: credentials.accountSid, name: 'spring_sale', status: 'REJECTED' })
    expect((await read()).find(({ name }) => name === 'spring_sale')?.status).toBe('REJECTED')
  })

  it('are not told to a stranger', async () => {
    await expect(read({ ...credentials, authToken: 'x' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The provider does not say which templates it has.',
    })
  })
})
