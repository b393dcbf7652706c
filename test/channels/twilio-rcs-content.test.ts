import { expect, test } from 'vitest'
import { richContent } from '../../src/channels/twilio-rcs-content.ts'
import type { RcsContent } from '../../src/domain/content/rcs.ts'

const reply = { type: 'REPLY', text: 'Yes', value: 'yes' } as const
const visit = { type: 'URL', text: 'Shop', value: 'https://shop.example' } as const
const dial = { type: 'DIAL', text: 'Call', value: '+15551230004' } as const
const actions = [
  { type: 'QUICK_REPLY', title: 'Yes', id: 'yes' },
  { type: 'URL', title: 'Shop', url: 'https://shop.example' },
  { type: 'PHONE_NUMBER', title: 'Call', phone: '+15551230004' },
]
const cards = [
  { title: 'One', description: 'First', media: 'https://a.example/1.png', suggestions: [reply] },
  { description: 'Second', media: 'https://a.example/2.png', suggestions: [visit] },
]

test.each<[string, RcsContent, object | null, object]>([
  ['a text', { body: 'Hi' }, null, {}],
  ['a content of Twilio’s', { content: { sid: `HX${'0'.repeat(32)}` } }, null, {}],
  ['a text with suggestions', { body: 'Hi', suggestions: [reply, visit, dial] }, { 'twilio/card': { body: '{{1}}', actions } }, { 1: 'Hi' }],
  [
    'a card',
    { card: { title: 'Hi', description: 'There', media: 'https://a.example/1.png', suggestions: [reply, visit, dial] } },
    { 'twilio/card': { title: '{{1}}', body: '{{2}}', media: ['https://a.example/1.png'], actions } },
    { 1: 'Hi', 2: 'There' },
  ],
  [
    'a carousel',
    { carousel: { text: 'Look', cards } },
    {
      'twilio/carousel': {
        body: '{{1}}',
        cards: [
          { title: '{{2}}', body: '{{3}}', media: 'https://a.example/1.png', actions: [actions[0]] },
          { body: '{{4}}', media: 'https://a.example/2.png', actions: [actions[1]] },
        ],
      },
    },
    { 1: 'Look', 2: 'One', 3: 'First', 4: 'Second' },
  ],
])('%s', (_what, content, types, variables) => {
  const rich = richContent(content)
  expect(rich === null ? null : [rich.types, rich.variables]).toEqual(types === null ? null : [types, variables])
})

test('what differs in its texts alone is one content, and what differs in more another', () => {
  const nameOf = (title: string, media: string) => richContent({ card: { title, media } })?.name
  expect(nameOf('Ada', 'https://a.example/1.png')).toMatch(/^throughline-[0-9a-f]{32}$/)
  expect(nameOf('Ada', 'https://a.example/1.png')).toBe(nameOf('Bea', 'https://a.example/1.png'))
  expect(nameOf('Ada', 'https://a.example/1.png')).not.toBe(nameOf('Ada', 'https://a.example/2.png'))
})
