import { randomBytes } from 'node:crypto'
import { lanedId } from '../domain/ids.ts'

/** A UUID of version 7 (RFC 9562 §5.7) for configuration rows: made here, because PostgreSQL 15 to 17 have no uuidv7(). */
export function newId(now = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A contact-scoped id of this lane, as domain/ids.ts lays it out. */
export function newLanedId(lane: number, now = Date.now()): string {
  const bytes = randomBytes(8)
  return lanedId(now, lane, bytes.readUInt32BE(0), bytes.readUInt32BE(4))
}
