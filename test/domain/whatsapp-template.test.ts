import { describe, expect, test } from 'vitest'
import type { WhatsappCategory, WhatsappTemplate } from '../../src/domain/content/whatsapp.ts'
import { NO_SLOTS, type TemplateSlots, templateMismatches, templateStatus } from '../../src/domain/whatsapp-template.ts'

test.each([
  ['APPROVED', 'APPROVED'],
  ['approved', 'APPROVED'],
  ['FLAGGED', 'APPROVED'],
  ['PAUSED', 'PAUSED'],
  ['PENDING_DELETION', 'DELETED'],
  ['IN_APPEAL', 'PENDING'],
  ['received', 'PENDING'],
  ['unsubmitted', 'UNSUBMITTED'],
  ['constructor', 'PENDING'],
  ['A_NEW_WORD', 'PENDING'],
])('%s is %s', (word, status) => {
  expect(templateStatus(word)).toBe(status)
})

const named = { name: 'a', language: 'en' }
const image = { type: 'image' as const, url: 'x' }
const mismatches = (given: WhatsappTemplate, slots: Partial<TemplateSlots>, category: WhatsappCategory = 'UTILITY') => {
  const faults: string[] = []
  templateMismatches(category, given, { category: 'UTILITY', slots: { ...NO_SLOTS, ...slots } }, (path, message) =>
    faults.push(`${path.join('.')}: ${message}`),
  )
  return faults
}

describe('a content that fits its template', () => {
  const fits: [string, WhatsappTemplate, Partial<TemplateSlots>][] = [
    ['no variables', named, {}],
    ['a body', { ...named, body: ['x', 'y'] }, { body: ['1', '2'] }],
    ['a body with names', { ...named, variables: { first: 'x', more: 'y' } }, { body: ['first'] }],
    ['a header of each kind', { ...named, header: { media: image } }, { media: 'image' }],
    ['a header text', { ...named, header: { text: 'x' } }, { headerText: true }],
    ['a header text with a name', { ...named, header: { text: 'x', name: 'sale' } }, { headerText: true, headerName: 'sale' }],
    ['a quick reply without a value', named, { buttons: [{ index: 0, type: 'QUICK_REPLY' }] }],
    ['an address', { ...named, buttons: [{ index: 1, type: 'URL', value: 'x' }] }, { buttons: [{ index: 1, type: 'URL' }] }],
    ['cards', { ...named, cards: [{ media: image, body: ['x'] }] }, { cards: [{ media: 'image', body: ['1'], buttons: [] }] }],
    ['a content at Twilio', { sid: 'HX', variables: { 1: 'x' } }, { variables: ['1'] }],
  ]
  test.each(fits)('%s', (_, given, slots) => {
    expect(mismatches(given, slots)).toEqual([])
  })
})

describe('each way not to fit is told where it stands', () => {
  const misfits: [WhatsappTemplate, Partial<TemplateSlots>, string[]][] = [
    [{ ...named, body: ['x'] }, { body: ['1', '2'] }, ['template.body: the template takes 2 variables, not 1']],
    [{ ...named, body: ['x'] }, { body: ['first'] }, ["template.body: the template's variables have names: give `variables`"]],
    [named, { body: ['first', 'last'] }, ['template.variables: the template takes first, last too']],
    [named, { media: 'video' }, ['template.header.media: the template takes video']],
    [{ ...named, header: { media: image } }, {}, ['template.header.media: the template has no media header']],
    [{ ...named, header: { text: 'x' } }, {}, ['template.header.text: the template takes none']],
    [named, { headerText: true }, ['template.header.text: the template takes one']],
    [{ ...named, header: { text: 'x' } }, { headerText: true, headerName: 'sale' }, ['template.header.name: the template calls it sale']],
    [{ ...named, header: { text: 'x', name: 'sale' } }, { headerText: true }, ['template.header.name: the template has none']],
    [named, { buttons: [{ index: 1, type: 'COPY_CODE' }] }, ['template.buttons: the button at 1 takes a value']],
    [
      { ...named, buttons: [{ index: 0, type: 'URL', value: 'x' }] },
      { buttons: [{ index: 0, type: 'QUICK_REPLY' }] },
      ['template.buttons.0.type: the button is QUICK_REPLY'],
    ],
    [
      { ...named, buttons: [{ index: 2, type: 'URL', value: 'x' }] },
      {},
      ['template.buttons.0.index: the template has no button with a variable at 2'],
    ],
    [named, { cards: [{ media: 'image', body: [], buttons: [] }] }, ['template.cards: the template has 1 cards, not 0']],
    [
      { ...named, cards: [{ media: image, body: ['x'] }] },
      { cards: [{ media: 'video', body: [], buttons: [{ index: 0, type: 'URL' }] }] },
      [
        'template.cards.0.media.type: the template takes video',
        'template.cards.0.body: the template takes 0 variables, not 1',
        'template.cards.0.buttons: the button at 0 takes a value',
      ],
    ],
    [{ sid: 'HX', variables: { 1: 'x' } }, { variables: ['1', '2'] }, ['template.variables: the template takes 2 too']],
  ]
  test.each(misfits)('%j for %j', (given, slots, faults) => {
    expect(mismatches(given, slots)).toEqual(faults)
  })

  test('the kind', () => {
    expect(mismatches(named, {}, 'MARKETING')).toEqual(['category: the template is approved for UTILITY'])
  })
})
