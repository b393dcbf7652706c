import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

const INSIDE: Statement = {
  name: 'archive_inside',
  text: `SELECT id, contact_id FROM enrollment WHERE journey_id = $1 AND status = 'ACTIVE' AND id > $3 ORDER BY id LIMIT $2`,
}

/** Who is inside a journey, in order of their ids, those after `after`: letting one out takes a tick, so the same ones would be found again. */
export const enrolledIn = (client: Client, journeyId: string, limit: number, after: string) =>
  run<{ id: string; contact_id: string }>(client, INSIDE, [journeyId, limit, after])
