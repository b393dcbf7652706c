import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keywordOf } from '../../src/domain/keywords.ts'

const MEANS = {
  STOP: ['STOP', 'STOPALL', 'STOP ALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT', 'OPT OUT'],
  START: ['START', 'UNSTOP', 'SUBSCRIBE', 'OPTIN', 'OPT IN'],
  HELP: ['HELP', 'INFO'],
} as const
const ELSEWHERE = {
  STOP: ['Arrêt', 'ARRET', 'Parar', 'Alto', 'Baja', 'Stopp', 'Abmelden', 'Afmelden', 'СТОП', '停止', '取消'],
  START: ['Inicio', 'Anmelden', 'Старт', '开始'],
  HELP: ['Aide', 'Ayuda', 'Hilfe', 'ПОМОЩЬ', '帮助'],
} as const
const all = (['STOP', 'START', 'HELP'] as const).flatMap((keyword) =>
  [...MEANS[keyword], ...ELSEWHERE[keyword]].map((word) => ({ word: word as string, keyword })),
)

describe.each(['STOP', 'START', 'HELP'] as const)('%s', (keyword) => {
  test.each([...MEANS[keyword], ...ELSEWHERE[keyword]])('%s', (word) => {
    expect(keywordOf(word)).toBe(keyword)
  })
})

test.each([
  'non-stop flight',
  'stop it',
  'please stop',
  'stop stop',
  'stopped',
  's t o p',
  "don't stop",
  '"stop',
  'stop?',
  'stop-',
  '.stop',
  'the end',
  'endless',
  'no',
  'yes',
  'constructor',
  '__proto__',
  '',
  '   ',
  '...',
  '!',
])('%j is a reply', (text) => {
  expect(keywordOf(text)).toBeNull()
})

test.each([
  ['Stop.', 'STOP'],
  [' stop !!! ', 'STOP'],
  ['stop .', 'STOP'],
  ['STOP\n', 'STOP'],
  ['opt\u00a0\n out', 'STOP'],
  ['ＳＴＯＰ！', 'STOP'],
  ['停止。', 'STOP'],
  ['Ａrre\u0302t', 'STOP'],
])('%j is a keyword all the same', (text, keyword) => {
  expect(keywordOf(text)).toBe(keyword)
})

const spaces = fc.stringMatching(/^[ \t\r\n\u00a0\u2003\u3000]{0,3}$/)
const end = fc.stringMatching(/^[.!]{0,3}$/)
const wide = (text: string) =>
  [...text].map((each) => (/[!-~]/.test(each) ? String.fromCharCode(each.charCodeAt(0) + 0xfee0) : each.replace(' ', '\u3000'))).join('')

test('case, width, composition, blanks around and full stops change nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...all),
      fc.infiniteStream(fc.boolean()),
      fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'),
      fc.boolean(),
      fc.tuple(spaces, end, spaces),
      ({ word, keyword }, upper, form, isWide, [before, stops, after]) => {
        const cased = [...word].map((each) => (upper.next().value ? each.toUpperCase() : each.toLowerCase())).join('')
        const text = `${before}${(isWide ? wide(cased) : cased).normalize(form)}${stops}${after}`
        expect(keywordOf(text)).toBe(keyword)
      },
    ),
  )
})

test('a letter more on either side is a reply, and no text throws', () => {
  const letter = fc.constantFrom(...'abcxyzäß中')
  fc.assert(
    fc.property(fc.constantFrom(...all), letter, fc.boolean(), ({ word, keyword }, more, before) => {
      const text = before ? `${more} ${word}` : `${word} ${more}`
      expect([null, text]).toEqual([keywordOf(text), text])
      expect(keywordOf(word)).toBe(keyword)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect([null, 'STOP', 'START', 'HELP']).toContain(keywordOf(text))
    }),
  )
})
