import { expect, it } from 'vitest'
import { classifyFault, type SmtpFault } from '../../src/channels/smtp-codes.ts'

const fault = (change: Partial<SmtpFault>): SmtpFault => ({
  stage: 'recipient',
  reply: null,
  code: 'ECONNECTION',
  message: 'closed',
  begun: false,
  ...change,
})
const said = (reply: string, change: Partial<SmtpFault> = {}) => classifyFault(fault({ reply, ...change }))

it.each([
  ['550 5.1.1 <ada@shop.example> unknown', { type: 'permanent', code: '5.1.1', message: 'The recipient does not exist.', identity: 'INVALID' }],
  ['556 5.1.10 null MX', { type: 'permanent', code: '5.1.10', message: 'The recipient’s domain takes no mail.', identity: 'INVALID' }],
  ['550 5.2.1 disabled', { type: 'permanent', code: '5.2.1', message: 'The mailbox is disabled.', identity: 'BOUNCED' }],
  ['552 5.2.2 full', { type: 'permanent', code: '5.2.2', message: 'The mailbox is full.' }],
  ['553 no such thing', { type: 'permanent', code: '553', message: 'The recipient is no valid address.', identity: 'INVALID' }],
  ['550 go away', { type: 'permanent', code: '550', message: '550 go away' }],
  ['550-5.7.26 many\n550 5.7.26 lines', { type: 'permanent', code: '5.7.26', message: '550-5.7.26 many\n550 5.7.26 lines' }],
  ['554 5.9.99 for ada@shop.example', { type: 'permanent', code: '5.9.99', message: '554 5.9.99 for <email>' }],
  ['451 4.7.1 greylisted', { type: 'retry', code: '4.7.1', message: 'Put off by greylisting.', retryAfter: 60_000 }],
  ['452 4.2.2 over quota', { type: 'retry', code: '4.2.2', message: 'The mailbox is full for now.', retryAfter: 300_000 }],
  ['450 busy', { type: 'retry', code: '450', message: '450 busy' }],
  ['421 4.7.0 too many', { type: 'retry', code: 'RATE_LIMITED', message: 'The server takes no more mail for now.', retryAfter: 60_000 }],
  ['530 5.7.0 authenticate first', { type: 'retry', code: 'AUTH', message: 'The server does not let this account in.', retryAfter: 60_000 }],
])('«%s» of the recipient', (reply, outcome) => {
  expect(said(reply)).toEqual(outcome)
  // A server that says no after it had the mail has not taken it.
  expect(said(reply, { stage: 'data', begun: true })).toEqual(outcome)
})

it('says of a refused sender nothing about the recipient', () => {
  expect(said('550 5.1.1 unknown', { stage: 'sender' })).not.toHaveProperty('identity')
  expect(said('553 no', { stage: 'sender' })).not.toHaveProperty('identity')
})

it('blames the connection for what happens before there is a mail', () => {
  expect(said('535 5.7.8 no', { stage: 'login' })).toMatchObject({ type: 'retry', code: 'AUTH', retryAfter: 60_000 })
  expect(said('500 what', { stage: 'login' })).toMatchObject({ code: 'AUTH' })
  expect(classifyFault(fault({ stage: 'login', code: 'EAUTH' }))).toMatchObject({ type: 'retry', code: 'AUTH', retryAfter: 60_000 })
  expect(said('554 blocked', { stage: 'connect' })).toMatchObject({ type: 'retry', code: 'TURNED_AWAY', retryAfter: 60_000 })
  expect(said('454 no TLS', { stage: 'connect' })).toMatchObject({ code: 'TURNED_AWAY' })
  expect(classifyFault(fault({ stage: 'connect', code: 'ADDRESS_REFUSED' }))).toEqual({
    type: 'retry',
    code: 'ADDRESS_REFUSED',
    message: 'closed',
    retryAfter: 60_000,
  })
})

it.each([null, '', 'nonsense', '354 go on', '250', '999 x'])('without a refusal (%j) it is the first byte of the mail that decides', (reply) => {
  expect(classifyFault(fault({ reply }))).toEqual({ type: 'retry', code: 'ECONNECTION', message: 'closed' })
  expect(classifyFault(fault({ reply, stage: 'data', begun: true }))).toEqual({ type: 'ambiguous', code: 'ECONNECTION', message: 'closed' })
})
