import { randomBytes } from 'node:crypto'
import { lanedId } from '../domain/ids.ts'

/** A UUID of version 7 (RFC 9562 §5.7) for configuration rows: made here, because PostgreSQL before 18 cannot. */
export function newId(): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The id of a new contact-scoped row, which carries its lane. */
export function newLanedId(lane: number): string {
  const bytes = randomBytes(8)
  return lanedId(Date.now(), lane, bytes.readUInt32BE(0), bytes.readUInt32BE(4))
}
