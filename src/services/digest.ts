import { hash } from 'node:crypto'

/** The first 128 bits of a text's hash as a uuid: it tells retries apart from news, it guards no secret. */
export function digestUuid(algorithm: 'sha1' | 'sha256', text: string): string {
  const hex = hash(algorithm, text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
