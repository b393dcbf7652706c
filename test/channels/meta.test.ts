import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { meta } from '../../src/channels/meta.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = meta as unknown as (options?: object) => ChannelAdapter
const named = (name: string, rest: object = {}) => ({ template: { name, language: 'en_US', ...rest } })
const image = { type: 'image', url: 'https://cdn.example/1.png' }

contract({
  provider: 'meta',
  adapter,
  address: '+15551230004',
  content: named('order_update', { body: ['Ada', '7'], buttons: [{ index: 0, type: 'URL', value: '7' }] }),
  permanent: [
    {
      why: 'no number',
      address: '0551230004',
      outcome: { type: 'permanent', code: '131009', message: 'Something in the message is not as it must be.' },
    },
    {
      why: 'no such template',
      content: named('nothing'),
      outcome: { type: 'permanent', code: '132001', message: 'There is no such template in this language, or it is not approved.' },
    },
    {
      why: 'a template that is not approved yet',
      content: named('spring_sale'),
      outcome: { type: 'permanent', code: '132001', message: 'There is no such template in this language, or it is not approved.' },
    },
    {
      why: 'a paused template',
      content: named('winter_sale'),
      outcome: { type: 'permanent', code: '132015', message: 'The template is paused for its low quality.' },
    },
    {
      why: 'too few variables',
      content: named('order_update', { body: ['Ada'] }),
      outcome: { type: 'permanent', code: '132000', message: 'The template takes another number of variables.' },
    },
    {
      why: 'a variable that makes the text too long',
      content: named('greeting', { variables: { first_name: 'x'.repeat(1_015) } }),
      outcome: { type: 'permanent', code: '132005', message: 'The filled-in template is too long.' },
    },
    {
      why: 'an empty variable',
      content: named('greeting', { variables: { first_name: '' } }),
      outcome: { type: 'permanent', code: '132012', message: 'A variable is not of the kind the template takes.' },
    },
    {
      why: 'a code the table does not know',
      content: named('order_update', { body: ['Ada', '7'], buttons: [] }),
      outcome: { type: 'permanent', code: '131008', message: 'Something the message needs is missing.' },
    },
  ],
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

describe('what Meta answers', () => {
  let sandbox: Sandbox
  let sender: Sender
  beforeAll(async () => {
    sandbox = await startSandbox({ callbacks: { attempts: 1 } })
    sender = adapter().connect(sandboxConnection('meta', sandbox.url))
  })
  afterAll(async () => {
    await sender.close()
    await sandbox.close()
  })
  const send = (content: object) => sender.send(outgoing(adapter(), '+15551230004', content as never))
  const answered = async (status: number, body: object) => {
    sandbox.fault({ kind: 'status', provider: 'meta', status, body, times: 1 })
    return send(named('order_update', { body: ['Ada', '7'] }))
  }

  it.each([
    ['the pair rate', 400, 131056, { type: 'retry', retryAfter: 6_000 }],
    ['the throughput', 400, 130429, { type: 'retry', retryAfter: 2_000 }],
    ['calls to the API', 400, 4, { type: 'retry', retryAfter: 60_000 }],
    ['an expired token, as 400', 400, 190, { type: 'retry', code: 'AUTH', retryAfter: 60_000 }],
    ['a permission, as 403', 403, 200, { type: 'retry', code: 'AUTH', retryAfter: 60_000 }],
    ['a capability, as 500', 500, 3, { type: 'retry', code: 'AUTH', retryAfter: 60_000 }],
    ['the account locked, as 403', 403, 131031, { type: 'retry', code: '131031', retryAfter: 300_000 }],
    ['maintenance, as 500', 500, 131057, { type: 'retry', code: '131057', retryAfter: 300_000 }],
    ['a number not registered, as 500', 500, 131045, { type: 'retry', code: '131045', retryAfter: 300_000 }],
    ['the cap on marketing', 400, 131049, { type: 'permanent', code: '131049' }],
    ['a refusal of marketing', 400, 131050, { type: 'permanent', optedOut: true }],
    ['something that went wrong', 500, 131000, { type: 'ambiguous', code: '131000' }],
    ['overload', 503, 2, { type: 'ambiguous', code: '2' }],
    ['a new code', 400, 139999, { type: 'permanent', code: '139999', message: 'details' }],
  ])('is read: %s', async (_, status, code, outcome) => {
    const body = { error: { message: `(#${code}) title`, code, error_data: { messaging_product: 'whatsapp', details: 'details' } } }
    expect(await answered(status, body)).toMatchObject(outcome)
  })

  it('leaves in doubt what it accepted without a name', async () => {
    for (const body of [{}, { messages: [] }, { messages: [{ id: '' }] }])
      expect(await answered(200, body)).toEqual({ type: 'ambiguous', code: 'UNREADABLE', message: 'The answer names no message.' })
  })

  it('refuses free words to who has not written within a day, and takes them from then on', async () => {
    const { phoneNumberId } = sandboxConnection('meta', '').settings
    const window = { type: 'retry', code: '131047', message: 'The 24 hours since the recipient last wrote are over.', retryAfter: 0 }
    const frees = [
      { session: { text: 'Hello' } },
      { session: { media: { ...image, type: 'video' }, text: 'Look' } },
      { session: { text: 'Which?', footer: 'Tap', buttons: [{ id: 'y', title: 'Yes' }] } },
      { session: { text: 'Which?', list: { button: 'Open', sections: [{ title: 'All', rows: [{ id: 'a', title: 'A' }] }] } } },
    ]
    for (const free of frees) expect(await send(free)).toEqual(window)
    sandbox.inbound({ provider: 'meta', account: String(phoneNumberId), from: '+15551230004', to: '', text: 'Hi' })
    for (const free of frees) expect((await send(free)).type).toBe('ok')
    expect(await send({ session: { text: 'Which?', buttons: [{ id: 'y', title: 'x'.repeat(21) }] } })).toMatchObject({ code: '131009' })
    expect(await send({ session: { text: '' } })).toMatchObject({ code: '131008' })
    const button = { id: 'y', title: 'Yes' }
    const row = { id: 'a', title: 'A' }
    const sections = [{ title: 'All', rows: [row] }]
    const many = Array.from({ length: 6 }, (_, n) => ({ id: `r${n}`, title: `R${n}` }))
    for (const [why, refused] of Object.entries({
      'an id too long': { text: 'Which?', buttons: [{ ...button, id: 'x'.repeat(257) }] },
      'one id twice': { text: 'Which?', buttons: [button, { ...button, title: 'No' }] },
      'a fourth button': { text: 'Which?', buttons: ['a', 'b', 'c', 'd'].map((id) => ({ id, title: id })) },
      'a footer too long': { text: 'Which?', footer: 'x'.repeat(61), buttons: [button] },
      'a sticker over buttons': { text: 'Which?', media: { ...image, type: 'sticker' }, buttons: [button] },
      'a picture that is no address': { text: 'Which?', media: { ...image, url: 'cat.png' }, buttons: [button] },
      'words too long': { text: 'x'.repeat(1_025), buttons: [button] },
      'a row description too long': {
        text: 'Which?',
        list: { button: 'Open', sections: [{ title: 'All', rows: [{ ...row, description: 'x'.repeat(73) }] }] },
      },
      'a row id too long': { text: 'Which?', list: { button: 'Open', sections: [{ title: 'All', rows: [{ ...row, id: 'x'.repeat(201) }] }] } },
      'a section without a title': { text: 'Which?', list: { button: 'Open', sections: [...sections, { rows: [{ id: 'b', title: 'B' }] }] } },
      'a section title too long': { text: 'Which?', list: { button: 'Open', sections: [{ title: 'x'.repeat(25), rows: [row] }] } },
      'an eleventh row': {
        text: 'Which?',
        list: {
          button: 'Open',
          sections: [
            { title: 'A', rows: many },
            { title: 'B', rows: many.map(({ id }) => ({ id: `${id}b`, title: id })) },
          ],
        },
      },
      'a picture over a list': { text: 'Which?', media: image, list: { button: 'Open', sections } },
    }))
      expect([why, await send({ session: refused })]).toEqual([why, expect.objectContaining({ type: 'permanent', code: '131009' })])
  })

  it('reaches who hides their number by the id that came with their message', async () => {
    const userId = 'US.13491208655302741918'
    const to = (address: string) => sender.send(outgoing(adapter(), address, { session: { text: 'Hello' } } as never))
    expect(await to(userId)).toMatchObject({ code: '131047' })
    sandbox.inbound({ provider: 'meta', account: String(sandboxConnection('meta', '').settings.phoneNumberId), from: userId, to: '', text: 'Hi' })
    expect((await to(userId)).type).toBe('ok')
    expect(sandbox.log.entries().at(-1)).toMatchObject({ to: userId, text: 'Hello' })
    expect(await to('US.134')).toMatchObject({ code: '131047' })
  })

  it('takes every kind of template', async () => {
    const card = { media: image, body: ['Shoes', '$9'], buttons: [{ index: 0, type: 'QUICK_REPLY', value: 'shoes' }] }
    for (const content of [
      named('weekend_offer', { header: { media: image }, body: ['Ada', '20 %'], buttons: [{ index: 0, type: 'QUICK_REPLY', value: 'promo' }] }),
      named('login_code', { body: ['1234'], buttons: [{ index: 0, type: 'URL', value: '1234' }] }),
      named('new_arrivals', { body: ['Ada'], cards: [card, card] }),
      named('greeting', { variables: { first_name: 'Ada', 1: "Twilio's" } }),
    ])
      expect([content.template.name, (await send(content)).type]).toEqual([content.template.name, 'ok'])
    expect(sandbox.log.entries().at(-1)).toMatchObject({ to: '+15551230004', text: 'Welcome, Ada.' })
    const header = { media: { type: 'document', url: 'https://shop.example/7.pdf', filename: '7.pdf' } }
    expect((await send(named('invoice', { header, variables: { first_name: 'Ada', order: '7' } }))).type).toBe('ok')
    expect(sandbox.log.entries().at(-1)).toMatchObject({ text: 'Thank you, Ada. Here is the invoice of order 7.', media: header.media.url })
  })

  it('tells which templates there are', async () => {
    const templates = await adapter().templates?.(sandboxConnection('meta', sandbox.url))
    expect(templates?.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'order_update APPROVED',
      'weekend_offer APPROVED',
      'login_code APPROVED',
      'new_arrivals APPROVED',
      'greeting APPROVED',
      'cart_reminder APPROVED',
      'coupon APPROVED',
      'invoice APPROVED',
      'spring_sale PENDING',
      'winter_sale PAUSED',
    ])
    const stranger = sandboxConnection('meta', sandbox.url)
    stranger.credentials.accessToken = 'EAA1Z'
    await expect(adapter().templates?.(stranger)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
