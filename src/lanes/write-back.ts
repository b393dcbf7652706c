import { CHANGE_CHANNEL, encodeChanges } from '../realtime/changes.ts'
import type { Client } from '../store/ask.ts'
import { notify } from '../store/queries/notify.ts'
import { withdrawCalls, writeCalls } from '../store/queries/webhook-calls.ts'
import { writeDeliveries } from '../store/queries/webhook-deliveries.ts'
import * as write from '../store/queries/write-back.ts'
import { together } from '../store/sql.ts'
import { deliver } from './inbox.ts'
import type { Outbox } from './outbox.ts'

/**
 * Writes everything a tick gathered. Message rows come before contact rows, because dispatch locks them in
 * that order too; within a table rows go in key order. New messages come after the withdrawals: the outbox has taken back
 * what was planned before them, and what was planned because of one is to stay.
 */
export async function writeBack(client: Client, outbox: Outbox, lanes: number): Promise<void> {
  await together([
    write.writeEvents(client, outbox.events),
    write.writeNewEnrollments(client, outbox.inserted),
    write.writeEnrollments(client, outbox.updated),
    write.writeMessages(client, [...outbox.messageUpdates.values()]),
    write.withdrawMessages(client, [...outbox.withdrawals.values()]),
    write.writeNewMessages(client, [...outbox.messages.values()]),
    writeCalls(client, [...outbox.calls.values()]),
    withdrawCalls(client, outbox.callWithdrawals),
    writeDeliveries(client, outbox.announcements.rows),
    write.writeStatuses(client, outbox.statuses),
    write.writeJournal(client, outbox.journal),
    write.writeConversions(client, outbox.conversions),
    write.writeSlots(client, [...outbox.slots.values()]),
    write.writeWatches(client, [...outbox.watches.values()]),
    write.writeContacts(client, mergeContacts(outbox.contacts)),
    write.writeConsents(client, outbox.consents.length < 2 ? outbox.consents : outbox.consents.toSorted(byContact)),
    write.writeIdentities(client, outbox.identities),
    write.writeCounts(client, outbox.counts.rows),
    deliver(client, outbox.forwards, lanes),
    notify(client, CHANGE_CHANNEL, changes(outbox)),
  ])
}

const byContact = (a: write.ConsentWrite, b: write.ConsentWrite) => a.lane - b.lane || (a.contact < b.contact ? -1 : 1)

function changes(outbox: Outbox): string[] {
  return [...outbox.touched].flatMap(([workspaceId, { enrollments, messages, journeys, contacts }]) =>
    encodeChanges({
      workspaceId,
      enrollments: [...enrollments],
      messages: [...messages],
      journeys: [...journeys],
      contacts: [...contacts],
      truncated: false,
    }),
  )
}

/** UPDATE … FROM applies one source row to a target: several changes of one contact become one. */
function mergeContacts(updates: readonly write.ContactUpdate[]): write.ContactUpdate[] {
  const merged = new Map<string, write.ContactUpdate>()
  for (const update of updates) {
    const known = merged.get(update.id)
    if (!known) {
      merged.set(update.id, update)
      continue
    }
    const set = { ...(known.set as Record<string, unknown>) }
    for (const name of update.unset) delete set[name]
    merged.set(update.id, {
      ...known,
      set: { ...set, ...(update.set as Record<string, unknown>) },
      unset: [...known.unset.filter((name) => !Object.hasOwn(update.set as object, name)), ...update.unset],
      add: [...known.add.filter((tag) => !update.remove.includes(tag)), ...update.add],
      remove: [...known.remove.filter((tag) => !update.add.includes(tag)), ...update.remove],
    })
  }
  return [...merged.values()].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
}
