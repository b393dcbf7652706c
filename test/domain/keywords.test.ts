import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Channel } from '../../src/domain/channel.ts'
import { type KeywordAction, type KeywordRule, keywordOf, normalise, refuseWord, understand } from '../../src/domain/keywords.ts'

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
  ['\u200fSTOP\u200e', 'STOP'],
  ['\ufeffstop\u200b', 'STOP'],
  ['st\u00adop', 'STOP'],
  ['STOP\ufe0f', 'STOP'],
  ['help\u2060', 'HELP'],
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

// People write up to 65,536 characters on WhatsApp. Where it took the square of that, the test would run out of time.
test('a long text is read in one go', () => {
  for (const one of ['!', '. ', ' ', '。x']) expect(keywordOf(`${one.repeat(1_000_000)}x`)).toBeNull()
  expect(keywordOf(`stop${'!'.repeat(1_000_000)}`)).toBe('STOP')
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

test.each([
  ['abmelden', 'en', 'STOP'],
  ['退订', 'pt-BR', 'STOP'],
  ['ayuda', 'es-MX', 'HELP'],
  ['AYUDA', 'ES', 'HELP'],
  ['ayuda', 'de', null],
  ['ayuda', null, 'HELP'],
  ['help', 'de', 'HELP'],
  ['anmelden', 'de-AT', 'START'],
  ['anmelden', 'en', null],
  ['inicio', 'pt', 'START'],
  ['inicio', 'es', 'START'],
  ['start', 'zh', 'START'],
])('%s from a reader of %s is %s', (text, locale, keyword) => {
  expect(keywordOf(text, locale)).toBe(keyword)
})

const rule = (id: string, action: KeywordAction, keywords: string[], channel: Channel = 'sms'): KeywordRule => ({
  id,
  channel,
  action,
  keywords,
  templateId: null,
})
const RULES = [
  rule('hours', 'REPLY', ['hours', 'opening hours']),
  rule('help', 'HELP', []),
  rule('no', 'OPT_OUT', ['nein danke']),
  rule('info', 'REPLY', ['info']),
  rule('elsewhere', 'OPT_OUT', ['basta'], 'whatsapp'),
]
test.each([
  ['Hours!', 'hours', 'REPLY', 'hours'],
  ['OPENING  HOURS', 'opening hours', 'REPLY', 'hours'],
  ['help', 'HELP', 'HELP', 'help'],
  ['ayuda', 'HELP', 'HELP', 'help'],
  ['info', 'info', 'REPLY', 'info'],
  ['Nein, danke', null, null, null],
  ['Nein danke.', 'STOP', 'OPT_OUT', 'no'],
  ['STOP', 'STOP', 'OPT_OUT', null],
  ['start', 'START', 'OPT_IN', null],
  ['basta', null, null, null],
  ['hours please', null, null, null],
])('by a workspace’s rules, %j is %s', (text, keyword, action, ruleId) => {
  const understood = understand(text, 'sms', null, RULES)
  expect([understood.keyword, understood.action, understood.rule?.id ?? null]).toEqual([keyword, action, ruleId])
})

test('another channel’s rules are another channel’s', () => {
  expect(understand('basta', 'whatsapp', 'it', RULES)).toMatchObject({ keyword: 'STOP', action: 'OPT_OUT', rule: { id: 'elsewhere' } })
  expect(understand('help', 'whatsapp', 'it', RULES)).toEqual({ keyword: 'HELP', action: 'HELP', rule: null })
})

test.each([
  ['hours', 'REPLY', null],
  ['info', 'REPLY', null],
  ['info', 'HELP', null],
  ['info', 'OPT_OUT', 'means HELP already'],
  ['Stop!', 'REPLY', 'means STOP already; a rule without keywords answers it'],
  ['abmelden', 'OPT_OUT', 'means STOP already; a rule without keywords answers it'],
  ['start', 'HELP', 'means START already; a rule without keywords answers it'],
  [' . ', 'REPLY', 'must have 1 to 50 characters besides blanks and full stops'],
  ['x'.repeat(51), 'REPLY', 'must have 1 to 50 characters besides blanks and full stops'],
] as const)('%j for %s: %s', (word, action, refusal) => {
  expect(refuseWord(word, action)).toBe(refusal)
})

test('whatever the rules, who writes STOP opts out', () => {
  const word = fc.string({ minLength: 1, maxLength: 8 })
  const anyRule = fc.record({
    id: word,
    channel: fc.constant('sms' as const),
    action: fc.constantFrom('OPT_OUT', 'OPT_IN', 'HELP', 'REPLY'),
    keywords: fc.array(fc.oneof(word, fc.constantFrom(...all.map((each) => each.word)))),
    templateId: fc.constant(null),
  })
  const stops = all.filter(({ keyword }) => keyword === 'STOP').map((each) => each.word)
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 5 }), fc.constantFrom(...stops), fc.constantFrom(null, 'en', 'de'), (given, text, locale) => {
      const saved = given.map((each) => ({ ...each, keywords: each.keywords.filter((own) => refuseWord(own, each.action) === null).map(normalise) }))
      expect(understand(text, 'sms', locale, saved).action).toBe('OPT_OUT')
    }),
  )
})
