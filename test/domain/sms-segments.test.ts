import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reckonSms } from '../../src/domain/sms-segments.ts'

const gsm = (units: number, segments: number, left: number) => ({ encoding: 'GSM_7', units, segments, left })
const ucs = (units: number, segments: number, left: number) => ({ encoding: 'UCS_2', units, segments, left })

test.each([
  ['nothing', '', gsm(0, 0, 160)],
  ['one part', 'a'.repeat(160), gsm(160, 1, 0)],
  ['one too many', 'a'.repeat(161), gsm(161, 2, 145)],
  ['two full parts', 'a'.repeat(306), gsm(306, 2, 0)],
  ['three', 'a'.repeat(307), gsm(307, 3, 152)],
  ['the longest text', 'a'.repeat(1_600), gsm(1_600, 11, 83)],
  ['an extended character takes two', '€', gsm(2, 1, 158)],
  ['80 of them', '€'.repeat(80), gsm(160, 1, 0)],
  ['81 of them: 76 fit into a part, and a septet is left over', '€'.repeat(81), gsm(162, 2, 143)],
  ['an escape is not parted from its character', `${'a'.repeat(152)}€${'a'.repeat(152)}`, gsm(306, 3, 152)],
  ['every basic character', '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà', gsm(44, 1, 116)],
  ['every extended one', '\f^{}\\[~]|€', gsm(20, 1, 140)],
  ['ç is not of the alphabet, though Ç is', 'ç', ucs(1, 1, 69)],
  ['a backtick is not either', '`', ucs(1, 1, 69)],
  ['an escape itself is not', '\u001b', ucs(1, 1, 69)],
  ['one part of Cyrillic', 'ж'.repeat(70), ucs(70, 1, 0)],
  ['one too many of it', 'ж'.repeat(71), ucs(71, 2, 63)],
  ['two full parts of it', 'ж'.repeat(134), ucs(134, 2, 0)],
  ['a smiley makes the rest UCS-2, too', `${'a'.repeat(69)}🙂`, ucs(71, 2, 63)],
  ['35 smileys', '🙂'.repeat(35), ucs(70, 1, 0)],
  ['67 smileys: 33 to a part', '🙂'.repeat(67), ucs(134, 3, 65)],
  ['an extended character takes one there', `€ж`, ucs(2, 1, 68)],
  ['half a pair', '\ud83d', ucs(1, 1, 69)],
])('%s', (_why, text, reckoned) => {
  expect(reckonSms(text)).toEqual(reckoned)
})

const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '[', '\n', 'ж', '🙂', '世'), maxLength: 700 })
const room = { GSM_7: { alone: 160, each: 153 }, UCS_2: { alone: 70, each: 67 } } as const

test('parts hold the units and waste at most one each', () => {
  fc.assert(
    fc.property(text, (body) => {
      const { encoding, units, segments, left } = reckonSms(body)
      const { alone, each } = room[encoding]
      const isAlone = units <= alone
      const wasted = segments * each - left - units
      expect(isAlone ? [segments, left] : []).toEqual(isAlone ? [Math.min(1, units), alone - units] : [])
      expect(isAlone || (wasted >= 0 && wasted <= segments - 1 && left >= 0 && left < each)).toBe(true)
    }),
  )
})

test('a longer text never costs less, and one foreign letter never makes it cheaper', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const whole = reckonSms(a + b)
      expect(whole.segments).toBeGreaterThanOrEqual(reckonSms(a).segments)
      expect(reckonSms(`${a}${b}ж`).segments).toBeGreaterThanOrEqual(whole.segments)
      expect(whole.encoding === 'UCS_2').toBe(/[ж🙂世]/u.test(a + b))
    }),
  )
})
