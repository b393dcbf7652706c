/** What a contact's history is made of. Of what was recorded at the same instant, what is further left comes first. */
export const TIMELINE_KINDS = ['CONSENT', 'EVENT', 'CONVERSION', 'VISIT', 'MESSAGE', 'STATUS'] as const
export type TimelineKind = (typeof TIMELINE_KINDS)[number]

/** Where something stands in a history: by when it was recorded here, which never changes, so that pages stay where they are. */
export interface TimelinePlace {
  /** Unix microseconds, as exact as the database. */
  at: number
  kind: TimelineKind
  /** Visits only: their journal entry's number, which orders those of one enrollment and instant; 0 for all else. */
  seq: number
  /** Visits only: which of the entry's decisions, from 1; 0 for all else. */
  n: number
  id: string
}

/** What `writePlace` writes. */
export const PLACE = /^\d{1,16}\.[0-5]\.\d{1,9}\.\d{1,9}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function writePlace({ at, kind, seq, n, id }: TimelinePlace): string {
  return [at, TIMELINE_KINDS.indexOf(kind), seq, n, id].join('.')
}

/** Of text that fits `PLACE`. */
export function readPlace(text: string): TimelinePlace {
  const [at, rank, seq, n, id = ''] = text.split('.')
  return { at: Number(at), kind: TIMELINE_KINDS[Number(rank)] ?? 'CONSENT', seq: Number(seq), n: Number(n), id }
}
