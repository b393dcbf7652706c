import { hash32 } from './hash.ts'

/**
 * Contact-scoped ids are UUIDs of version 8 (RFC 9562 §5.8) laid out like version 7, with the lane in
 * the twelve bits after the version: 48 bits of Unix milliseconds | 8 | lane (12) | variant | 62 bits.
 * So they sort by time, and whoever holds one (a provider's callback, a global id) knows its lane.
 */
export const MAX_LANES = 4096

/** Nobody's, and sorts before every id there is: where paging through a table by id begins. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** The lane of everything that arrives under a reference, before or after its contact is known. */
export function laneOfReference(workspaceId: string, reference: string, lanes: number): number {
  return hash32(`${workspaceId}/${reference}`, 0x7a11e) % lanes
}

/** The lane a contact-scoped id carries. */
export function laneOf(id: string): number {
  return Number.parseInt(id.slice(15, 18), 16)
}

/** The instant a contact-scoped id was laid out with, Unix milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

const LANED_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether the text is a contact-scoped id of an installation with this many lanes. */
export function isLanedId(text: string, lanes = MAX_LANES): boolean {
  return LANED_ID.test(text) && laneOf(text) < lanes
}

/**
 * The id of something derived from what is known (a message from enrollment, node, visit…): the same
 * parts give the same id, so doing it twice does it once. `at` is Unix milliseconds and must be one of
 * the known things too, never the clock.
 */
export function derivedId(at: number, lane: number, ...parts: string[]): string {
  const name = parts.join('\u0000')
  return lanedId(at, lane, hash32(name, 0x5eed1), hash32(name, 0x5eed2))
}

/** Lays out a contact-scoped id from a time, a lane and 64 bits (of which two give way to the variant). */
export function lanedId(at: number, lane: number, high: number, low: number): string {
  const time = Math.max(0, Math.floor(at))
  const upper = Math.floor(time / 0x10000)
  write(upper >>> 16, 0)
  write(upper, 4)
  write(time, 9)
  write(0x8000 | lane, 14)
  write(((high >>> 16) & 0x3fff) | 0x8000, 19)
  write(high, 24)
  write(low >>> 16, 28)
  write(low, 32)
  return String.fromCharCode.apply(null, CODES)
}

/** Character codes of an id being laid out; its dashes stay. Every step makes several: put together from texts each took three times as long, and ten times the memory. */
const CODES: number[] = Array(36).fill('-'.charCodeAt(0))
const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/** The low 16 bits, as four digits. */
function write(value: number, at: number): void {
  for (let n = 0; n < 4; n++) CODES[at + n] = DIGITS[(value >>> (12 - 4 * n)) & 0xf] ?? 0
}
