import { expect, test } from 'vitest'
import { RCS } from '../../../src/domain/content/rcs.ts'
import { templateTexts } from '../../../src/domain/content.ts'

function faults(content: object): string[] {
  const found: string[] = []
  const parsed = RCS.shape.parse(content, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  expect(parsed).toEqual(found.length === 0 ? content : undefined)
  return found
}
const reply = { type: 'REPLY', text: 'Yes', value: 'yes' }
const card = { title: 'Hi', description: 'There', media: 'https://a.example/1.png', suggestions: [reply] }
const sid = `HX${'0'.repeat(32)}`

test.each([
  [{ body: 'Hi' }],
  [{ body: 'Hi', suggestions: Array(11).fill(reply) }],
  [{ card }],
  [{ card: { title: 'Hi', suggestions: [reply, reply, reply, reply] } }],
  [{ carousel: { text: 'Look', cards: [card, card] } }],
  [{ carousel: { text: 'Look', cards: Array(10).fill(card) } }],
  [{ content: { sid } }],
  [{ content: { sid, variables: { 1: 'Ada' } } }],
])('%j can be sent', (content) => {
  expect(faults(content)).toEqual([])
})

test.each([
  [{}, [' needs exactly one of body, card, carousel, content']],
  [{ body: 'Hi', card }, [' needs exactly one of body, card, carousel, content']],
  [{ card, suggestions: [reply] }, ['suggestions stands under a text; a card has its own']],
  [{ card: { media: 'https://a.example/1.png', suggestions: [reply] } }, ['card needs a title or a description']],
  [{ card: { title: 'Hi' } }, ['card needs more than a text']],
  [{ card: { ...card, suggestions: Array(5).fill(reply) } }, ['card.suggestions must have at most 4 entries']],
  [{ body: 'Hi', suggestions: Array(12).fill(reply) }, ['suggestions must have at most 11 entries']],
  [{ carousel: { text: 'Look', cards: [card] } }, ['carousel.cards must have at least 2 entries']],
  [{ carousel: { text: 'Look', cards: Array(11).fill(card) } }, ['carousel.cards must have at most 10 entries']],
  [
    { carousel: { text: 'Look', cards: [card, { title: 'Hi' }] } },
    ['carousel.cards.1.description is missing', 'carousel.cards.1.media is missing', 'carousel.cards.1.suggestions is missing'],
  ],
  [{ body: 'x'.repeat(1_601) }, ['body must have at most 1600 characters']],
  [{ body: 'Hi', suggestions: [{ type: 'SHOUT', text: 'x', value: 'y' }] }, ['suggestions.0.type must be one of REPLY, URL, DIAL']],
  [{ content: { sid: 'HX1' } }, ['content.sid must match ^HX[0-9a-f]{32}$']],
])('%j says what is at fault', (content, expected) => {
  expect(faults(content)).toEqual(expected)
})

const labelled = (text: string) => ({ body: 'Hi', suggestions: [{ ...reply, text }] })
const valued = (type: string, value: string) => ({ body: 'Hi', suggestions: [{ type, text: 'x', value }] })

test.each([
  [labelled('x'.repeat(25)), []],
  [labelled('é'.repeat(25)), []],
  [labelled('x'.repeat(26)), ['suggestions.0.text must have at most 25 characters']],
  [labelled('🙂'.repeat(25)), []],
  [labelled(`{{ ${'x'.repeat(30)} }}`), []],
  [{ card: { ...card, title: 'x'.repeat(201) } }, ['card.title must have at most 200 characters']],
  [{ card: { ...card, description: 'x'.repeat(2_001) } }, ['card.description must have at most 2000 characters']],
  [
    { carousel: { text: 'Look', cards: [card, { ...card, suggestions: [{ ...reply, text: 'x'.repeat(26) }] }] } },
    ['carousel.cards.1.suggestions.0.text must have at most 25 characters'],
  ],
  [{ card: { ...card, media: 'cat.png' } }, ['card.media must be an http or https address']],
  [{ card: { ...card, media: '{{ vars.picture }}' } }, []],
  [valued('URL', 'javascript:alert(1)'), ['suggestions.0.value must be an http or https address']],
  [valued('URL', 'https://shop.example/{{ key }}'), []],
  [valued('DIAL', '0551230004'), ['suggestions.0.value must be a number such as +15551230004']],
  [valued('DIAL', '+15551230004'), []],
  [valued('DIAL', '{{ vars.number }}'), []],
  [valued('REPLY', 'anything'), []],
])('%j is measured where it holds no Liquid', (content, expected) => {
  expect(faults(content)).toEqual(expected)
})

test('every text of it is a template', () => {
  expect(templateTexts('rcs', { card }).map(({ path, text }) => [path.join('.'), text])).toEqual([
    ['card.title', 'Hi'],
    ['card.description', 'There'],
    ['card.media', 'https://a.example/1.png'],
    ['card.suggestions.0.type', 'REPLY'],
    ['card.suggestions.0.text', 'Yes'],
    ['card.suggestions.0.value', 'yes'],
  ])
})
