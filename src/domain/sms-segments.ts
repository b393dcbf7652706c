/** GSM_7 packs 160 characters of one alphabet into 140 octets; one character outside of it makes the whole text UCS_2, 70 units. */
export type SmsEncoding = 'GSM_7' | 'UCS_2'

export interface SmsReckoning {
  encoding: SmsEncoding
  /** Septets in GSM_7, where a character of the extension table takes two; UTF-16 code units in UCS_2. */
  units: number
  /** Parts that are sent, and paid for. 0 for no text. */
  segments: number
  /** Units that still fit into the last part. */
  left: number
}

/** 3GPP TS 23.038, 6.2.1, without the escape. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** The same, 6.2.1.1: each is an escape and a character. */
const EXTENSION = new Set('\f^{}\\[~]|€')

/** Alone in one part, and in each of several, whose header (of six octets) says which it is. */
const ROOM: Record<SmsEncoding, { alone: number; each: number }> = { GSM_7: { alone: 160, each: 153 }, UCS_2: { alone: 70, each: 67 } }

/**
 * How a text travels as SMS: 3GPP TS 23.038 (alphabets) and 23.040, 9.2.3.24.1 (concatenation). What belongs together,
 * an escape and its character or both halves of a surrogate pair, is never parted, so that a part may end one unit early.
 */
export function reckonSms(text: string): SmsReckoning {
  const characters = [...text]
  const encoding = characters.every((each) => BASIC.has(each) || EXTENSION.has(each)) ? 'GSM_7' : 'UCS_2'
  const sizeOf = (each: string) => (encoding === 'UCS_2' ? each.length : EXTENSION.has(each) ? 2 : 1)
  const units = characters.reduce((sum, each) => sum + sizeOf(each), 0)
  const { alone, each: room } = ROOM[encoding]
  if (units <= alone) return { encoding, units, segments: units === 0 ? 0 : 1, left: alone - units }
  let segments = 1
  let left = room
  for (const each of characters) {
    const size = sizeOf(each)
    if (size > left) {
      segments++
      left = room
    }
    left -= size
  }
  return { encoding, units, segments, left }
}
