import { expect, test } from 'vitest'
import { SMS } from '../../../src/domain/content/sms.ts'
import { templateTexts } from '../../../src/domain/content.ts'

function faults(content: object): string[] {
  const found: string[] = []
  SMS.shape.parse(content, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test.each([
  [{ body: 'Hi' }, []],
  [{ body: 'Hi', mediaUrls: ['https://a.example/{{ key }}.png'], shortenLinks: true }, []],
  [{}, ['body is missing']],
  [{ body: '' }, ['body must not be empty']],
  [{ body: 'x'.repeat(1_601) }, ['body must have at most 1600 characters']],
  [{ body: 'Hi', mediaUrls: Array(11).fill('https://a.example') }, ['mediaUrls must have at most 10 entries']],
  [{ body: 'Hi', shortenLinks: 'yes' }, ['shortenLinks must be true or false']],
  [{ body: 'Hi', from: '+1' }, ['from is not a setting here']],
])('%j', (content, expected) => {
  expect(faults(content)).toEqual(expected)
})

test('its text and its addresses are templates, and a mark is none', () => {
  const texts = templateTexts('sms', { body: 'Hi', mediaUrls: ['https://a.example'], shortenLinks: true })
  expect(texts.map(({ path, text }) => [path.join('.'), text])).toEqual([
    ['body', 'Hi'],
    ['mediaUrls.0', 'https://a.example'],
  ])
})
