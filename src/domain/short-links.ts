import { MAX_LANES } from './ids.ts'

/** base64url's letters, six bits each (RFC 4648 §5): two of them hold a lane. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Sixty bits that nobody can guess. */
const SECRET = 10
export const SHORT_CODE_LENGTH = 2 + SECRET

/** The code of one link: its lane, where it is looked up, and then what is secret of it (base64url, at least ten letters). */
export function shortCode(lane: number, secret: string): string {
  return `${LETTERS[lane >> 6] ?? ''}${LETTERS[lane & 63] ?? ''}${secret.slice(0, SECRET)}`
}

/** The lane in a code; null for what cannot be one. */
export function laneOfCode(code: string, lanes = MAX_LANES): number | null {
  if (!/^[\w-]{12}$/.test(code)) return null
  const lane = LETTERS.indexOf(code.charAt(0)) * 64 + LETTERS.indexOf(code.charAt(1))
  return lane < lanes ? lane : null
}

const LINK = /https?:\/\/[^\s<>"«»“”„]+/gi

/** The text with every link in it replaced, the same ones alike; null from `make` leaves one as it is. Of what a sentence ends with, a link keeps nothing. */
export function replaceLinks(text: string, make: (url: string) => string | null): string {
  return text.replace(LINK, (found) => {
    let end = found.length
    for (; end > 0; end--) {
      const last = found.charAt(end - 1)
      // A bracket belongs to the link that it was opened in.
      const closes = (last === ')' && !found.slice(0, end).includes('(')) || (last === ']' && !found.slice(0, end).includes('['))
      if (!closes && !/[.,;:!?'’}…。、！？」]/.test(last)) break
    }
    const url = found.slice(0, end)
    return `${make(url) ?? url}${found.slice(end)}`
  })
}
