import { expect, it } from 'vitest'
import { inboundOf } from '../../src/channels/meta-inbound.ts'
import type { JsonObject } from '../../src/domain/json.ts'

const from = '15551230004'
const read = (message: object, contacts: readonly JsonObject[] = []) =>
  inboundOf({ from, id: 'wamid.1', timestamp: '1750000001', ...message } as JsonObject, '+15005550006', contacts, 1_750_000_001_000)

it('is who wrote what to whom, once', () => {
  const contacts = [
    { profile: { name: 'Eve' }, wa_id: '15550000000' },
    { profile: { name: 'Ada' }, wa_id: from },
  ]
  expect(read({ type: 'text', text: { body: 'Help' }, context: { from: '15005550006', id: 'wamid.0' } }, contacts)).toEqual([
    {
      type: 'inbound',
      channel: 'whatsapp',
      from: '+15551230004',
      to: '+15005550006',
      text: 'Help',
      providerMessageId: 'wamid.1',
      providerEventId: 'wamid.1:inbound',
      at: 1_750_000_001_000,
      properties: { kind: 'text', profileName: 'Ada' },
      repliesTo: 'wamid.0',
    },
  ])
})

it('is from the id of who hides their number, and from the number wherever it comes', () => {
  const userId = 'US.13491208655302741918'
  const hi = { type: 'text', text: { body: 'Hi' }, from_user_id: userId }
  const contacts = [{ profile: { name: 'Ada', username: 'ada' }, user_id: userId }]
  expect(read({ ...hi, from: undefined }, contacts)).toMatchObject([{ from: userId, properties: { profileName: 'Ada' } }])
  expect(read(hi)).toMatchObject([{ from: '+15551230004' }])
  expect(read({ ...hi, from: '', from_user_id: undefined })).toEqual([])
})

it.each([
  ['a button of a template', { type: 'button', button: { payload: 'promo', text: 'Promo' } }, 'Promo', { kind: 'reply', buttonPayload: 'promo' }],
  [
    'a button of a session message',
    { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } } },
    'Yes',
    { kind: 'reply', buttonPayload: 'y' },
  ],
  [
    'a row of a list',
    { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'a', title: 'A', description: 'The first' } } },
    'A',
    { kind: 'reply', listId: 'a' },
  ],
  ['a form, which has neither', { type: 'interactive', interactive: { type: 'nfm_reply', nfm_reply: {} } }, '', { kind: 'reply' }],
  [
    'a picture',
    { type: 'image', image: { id: '9', mime_type: 'image/jpeg', sha256: 'x', caption: 'Look' } },
    'Look',
    { kind: 'image', media: { type: 'image', id: '9', mimeType: 'image/jpeg', sha256: 'x' } },
  ],
  [
    'a document without words',
    { type: 'document', document: { id: '9', mime_type: 'application/pdf', sha256: 'x', filename: 'a.pdf' } },
    '',
    { kind: 'document', media: { type: 'document', id: '9', mimeType: 'application/pdf', sha256: 'x', filename: 'a.pdf' } },
  ],
  [
    'a place',
    { type: 'location', location: { latitude: 1.5, longitude: 2, name: 'Home' } },
    'Home',
    { kind: 'location', location: { latitude: 1.5, longitude: 2, name: 'Home', address: null } },
  ],
  ['what WhatsApp cannot carry', { type: 'unsupported', errors: [{ code: 131051 }] }, '', { kind: 'unsupported' }],
  ['nothing where something should be', { type: 'text', text: null }, '', { kind: 'text' }],
])('reads %s', (_, message, text, properties) => {
  expect(read(message)).toMatchObject([{ text, properties }])
})

it('reads a reaction as an answer to what it stands on', () => {
  expect(read({ type: 'reaction', reaction: { message_id: 'wamid.0', emoji: '👍' } })).toMatchObject([
    { text: '👍', properties: { kind: 'reaction' }, repliesTo: 'wamid.0' },
  ])
})

it.each([
  ['the network', { type: 'system', system: { body: 'changed number' } }],
  ['nobody', { type: 'text', from: undefined, text: { body: 'x' } }],
  ['no message', { type: 'text', id: '', text: { body: 'x' } }],
  ['no kind', { text: { body: 'x' } }],
])('leaves out what is from %s', (_, message) => {
  expect(read(message)).toEqual([])
})
