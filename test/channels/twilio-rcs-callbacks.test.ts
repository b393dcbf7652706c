import { expect, test } from 'vitest'
import { parseTwilioRcs } from '../../src/channels/twilio-rcs-callbacks.ts'
import { derivedId } from '../../src/domain/ids.ts'

const ID = derivedId(1_750_000_000_000, 7, 'rcs')
const request = (fields: Record<string, string>) => ({
  headers: {},
  url: `https://t.example/webhooks/twilio_rcs/c1?message=${ID}`,
  body: Buffer.from(new URLSearchParams(fields).toString()),
})
const parse = (fields: Record<string, string>, providerFallsBack = false) =>
  parseTwilioRcs(request(fields), { providerFallsBack }).map(({ at: _, ...rest }) => rest)
const status = (name: string, more: object = {}) => ({
  type: 'status',
  messageId: ID,
  providerMessageId: 'SM1',
  providerEventId: `SM1:${name}`,
  human: true,
  ...more,
})

test('what was read was opened', () => {
  expect(parse({ MessageSid: 'SM1', MessageStatus: 'read' })).toEqual([status('read', { status: 'OPENED' })])
})

test.each(['30003', '63003', '63024', '63106'])('%s is a phone that RCS does not reach', (code) => {
  const [callback] = parse({ MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: code })
  expect(callback).toEqual(
    status('undelivered', { status: 'FAILED', code: 'unreachable', detail: expect.stringMatching(new RegExp(`\\(${code}\\)$`)) }),
  )
})

test('where Twilio falls back by itself that is a line of the history, and every other failure is one', () => {
  expect(parse({ MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '63106' }, true)).toMatchObject([
    { status: 'DEFERRED', code: 'unreachable' },
  ])
  expect(parse({ MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30007' }, true)).toMatchObject([{ status: 'FAILED', code: '30007' }])
  expect(parse({ MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30005' })).toMatchObject([{ status: 'FAILED', identity: 'INVALID' }])
})

test('a text and a tapped suggestion come from a number', () => {
  const inbound = {
    type: 'inbound',
    channel: 'rcs',
    from: '+15551230004',
    to: 'shop_agent',
    providerMessageId: 'SM2',
    providerEventId: 'SM2:inbound',
  }
  const fields = { MessageSid: 'SM2', From: 'rcs:+15551230004', To: 'rcs:shop_agent', Body: 'Hi' }
  expect(parse(fields)).toEqual([{ ...inbound, text: 'Hi' }])
  expect(parse({ ...fields, ButtonText: 'Yes', ButtonPayload: 'yes', OriginalRepliedMessageSid: 'SM1' })).toEqual([
    { ...inbound, text: 'Yes', properties: { payload: 'yes' }, repliesTo: 'SM1' },
  ])
  const picture = { NumMedia: '1', MediaUrl0: 'https://api.twilio.example/ME1', MediaContentType0: 'image/png' }
  expect(parse({ ...fields, ...picture, Body: '' })).toEqual([
    { ...inbound, text: '', properties: { media: { type: 'image', url: 'https://api.twilio.example/ME1', mimeType: 'image/png' } } },
  ])
})

test.each([{}, { MessageSid: 'SM1' }, { MessageSid: 'SM1', MessageStatus: 'dancing' }, { From: 'rcs:+1', Body: 'x' }])(
  '%j says nothing',
  (fields) => {
    expect(parse(fields as Record<string, string>)).toEqual([])
  },
)
