import { describe, expect, test } from 'vitest'
import type { WhatsappContent } from '../../src/domain/content/whatsapp.ts'
import { chooseWhatsapp, templateKey, type WhatsappSituation } from '../../src/domain/whatsapp.ts'

const template = { name: 'order_update', language: 'en_US', body: ['Ada', '7'] }
const session = { text: 'Hello' }
const both: WhatsappContent = { category: 'UTILITY', template, session }
const closed: WhatsappSituation = { windowOpen: false, provider: 'meta', template: 'APPROVED' }
const open: WhatsappSituation = { ...closed, windowOpen: true }
const twilio = (windowOpen: boolean, status: WhatsappSituation['template']): WhatsappSituation => ({
  windowOpen,
  provider: 'twilio_whatsapp',
  template: status,
})

describe('which half of a content is sent', () => {
  test.each([
    ['free words within the day', both, open, { send: { session } }],
    ['the template after it', both, closed, { send: { template } }],
    ['the template within it, where there is nothing else', { category: 'UTILITY', template }, open, { send: { template } }],
    ['nothing, where free words are all there is', { category: 'SERVICE', session }, closed, { held: 'window_closed' }],
    ['nothing, where the template is paused', both, { ...closed, template: 'PAUSED' }, { held: 'template_not_approved' }],
    ['nothing, where the provider has no such template', both, { ...closed, template: null }, { held: 'template_not_approved' }],
    ['free words, whatever became of the template', both, { ...open, template: 'REJECTED' }, { send: { session } }],
    [
      'no template of Meta’s that is not approved, within the day or not',
      { category: 'UTILITY', template },
      { ...open, template: 'PENDING' },
      { held: 'template_not_approved' },
    ],
    [
      'a content of Twilio’s that was never submitted, within the day',
      { category: 'UTILITY', template },
      twilio(true, 'UNSUBMITTED'),
      { send: { template } },
    ],
    ['not after it', { category: 'UTILITY', template }, twilio(false, 'UNSUBMITTED'), { held: 'template_not_approved' }],
    ['and none that Twilio does not have', { category: 'UTILITY', template }, twilio(true, null), { held: 'template_not_approved' }],
  ] as [string, WhatsappContent, WhatsappSituation, object][])('%s', (_, content, situation, choice) => {
    expect(chooseWhatsapp(content, situation)).toEqual(choice)
  })
})

describe('variables', () => {
  test.each([
    [{ body: ['Ada', ' '] }, 'body.1'],
    [{ header: { text: '' } }, 'header.text'],
    [{ variables: { name: '' } }, 'variables.name'],
    [{ cards: [{ media: { type: 'image', url: '' } }] }, 'cards.0.media.url'],
  ])('that came out empty are named: %j', (given, empty) => {
    const content = { category: 'UTILITY', template: { ...template, ...given } } as WhatsappContent
    expect(chooseWhatsapp(content, closed)).toEqual({ empty })
  })

  test('an empty text of the half that is not sent is nothing to mind', () => {
    expect(chooseWhatsapp({ ...both, session: { text: '' } }, closed)).toEqual({ send: { template } })
    expect(chooseWhatsapp({ ...both, session: { text: '' } }, open)).toEqual({ empty: 'text' })
  })

  test('go in one line, since a template’s may not break; a session’s text stays as it is', () => {
    const content: WhatsappContent = {
      category: 'UTILITY',
      template: {
        ...template,
        header: { text: 'a\r\nb' },
        body: ['12 Long\n\tStreet', 'a    b', 'a     b'],
        cards: [{ media: { type: 'image', url: 'x' }, body: ['a\nb'] }, { media: { type: 'image', url: 'y' } }],
        variables: { 1: 'a\nb' },
      },
      session: { text: 'a\nb' },
    }
    expect(chooseWhatsapp(content, closed)).toEqual({
      send: {
        template: {
          ...template,
          header: { text: 'a b' },
          body: ['12 Long Street', 'a    b', 'a b'],
          cards: [{ media: { type: 'image', url: 'x' }, body: ['a b'] }, { media: { type: 'image', url: 'y' } }],
          variables: { 1: 'a b' },
        },
      },
    })
    expect(chooseWhatsapp(content, open)).toEqual({ send: { session: { text: 'a\nb' } } })
  })
})

test.each([
  ['meta', { name: 'a', language: 'en' }, { name: 'a', language: 'en' }],
  ['meta', { sid: 'HX1' }, null],
  ['twilio_whatsapp', { sid: 'HX1', name: 'a', language: 'en' }, { sid: 'HX1' }],
  ['twilio_whatsapp', { name: 'a', language: 'en' }, null],
])('%s knows %j as %j', (provider, given, key) => {
  expect(templateKey(provider, given)).toEqual(key)
})
