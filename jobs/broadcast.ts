import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { pageAt } from '../src/domain/broadcast.ts'
import { derivedId, laneOf } from '../src/domain/ids.ts'
import { deliver } from '../src/lanes/inbox.ts'
import type { JobData } from '../src/queue/boss.ts'
import { type Broadcasting, lockBroadcast, nextOfAudience, passBroadcast } from '../src/store/queries/broadcast.ts'
import { inTransaction } from '../src/store/sql.ts'

/** One job goes on for so long, then sends itself again: nothing outlives its queue's expiry. */
const SHIFT = 600_000

/**
 * Hands a broadcast's message to its audience, a page at a time at its pace; each page and how far it got in one
 * transaction. A job that died is run again and goes on behind the last page; a message's id derives from the broadcast
 * and the contact, so that what was handed twice is sent once. Answers whether there is more to do in another job.
 */
export async function runBroadcast(pool: pg.Pool, lanes: number, { broadcastId, runner }: JobData['broadcast'], shift = SHIFT): Promise<boolean> {
  const ends = Date.now() + shift
  while (Date.now() < ends) {
    const next = await inTransaction(pool, async (client) => {
      const broadcast = await lockBroadcast(client, broadcastId)
      // Paused, cancelled, over, or taken on by a later job.
      if (broadcast === null || broadcast.status !== 'RUNNING' || broadcast.runner !== runner) return null
      const { size, waitMs } = pageAt(broadcast.per_second)
      const page = await nextOfAudience(client, broadcastId, broadcast, size)
      await deliver(
        client,
        page.map(({ id }) => messageTo(broadcast, broadcastId, id)),
        lanes,
      )
      await passBroadcast(client, broadcastId, { cursor: page.at(-1)?.passed ?? null, handed: page.length, last: page.length < size })
      return page.length < size ? null : waitMs
    })
    if (next === null) return false
    await setTimeout(next)
  }
  return true
}

function messageTo(broadcast: Broadcasting, broadcastId: string, contactId: string) {
  const { workspace_id: workspaceId, channel, devices, template_id: templateId, topic_id: topicId, purpose, vars } = broadcast
  const messageId = derivedId(Math.floor(broadcast.created_at), laneOf(contactId), 'broadcast', broadcastId, contactId)
  return {
    kind: 'send' as const,
    data: { messageId, channel, templateId, topicId, purpose, vars, broadcastId, ...(devices === null ? {} : { devices }) },
    workspaceId,
    contactId,
  }
}
