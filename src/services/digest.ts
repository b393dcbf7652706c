import { hash } from 'node:crypto'

/** The first 128 bits of a text's hash, hexadecimal: they tell retries apart from news, they guard no secret. PostgreSQL takes them for a uuid. */
export const digest128 = (algorithm: 'sha1' | 'sha256', text: string): string => hash(algorithm, text).slice(0, 32)

/** The same as PostgreSQL answers it. */
export function digestUuid(algorithm: 'sha1' | 'sha256', text: string): string {
  const hex = digest128(algorithm, text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
