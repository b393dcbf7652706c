/**
 * MurmurHash3 (x86, 32 bit), by Austin Appleby, public domain: https://github.com/aappleby/smhasher.
 * Chosen because it is short, well distributed and needs neither npm nor node:. It hashes UTF-16 code
 * units two bytes at a time, so it is stable over platforms, but differs from a UTF-8 murmur3.
 */
export function hash32(text: string, seed = 0): number {
  const c1 = 0xcc9e2d51
  const c2 = 0x1b873593
  const length = text.length
  let h = seed | 0
  let i = 0
  for (; i + 1 < length; i += 2) {
    let k = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
    k = Math.imul(k, c1)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, c2)
    h = (h << 13) | (h >>> 19)
    h = (Math.imul(h, 5) + 0xe6546b64) | 0
  }
  if (i < length) {
    let k = Math.imul(text.charCodeAt(i), c1)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, c2)
  }
  h ^= length * 2
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

/** A number in [0, 1) that depends on nothing but the parts: the domain's only source of chance. */
export function hashFraction(...parts: string[]): number {
  return hash32(parts.join('\u0000')) / 0x1_0000_0000
}
