import type { Channel } from '../domain/channel.ts'
import type { LedgerEntry } from '../domain/ledger.ts'
import type { MessageRow } from '../store/queries/messages.ts'

/** The ledger's own view of a message's row. */
export function toEntry(row: MessageRow): LedgerEntry {
  return {
    id: row.id,
    channel: row.channel as Channel,
    status: row.status as LedgerEntry['status'],
    attempt: row.attempt,
    dueAt: row.due_at,
    plannedAt: row.planned_at,
    providerMessageId: row.provider_message_id,
    failure:
      row.failure_code === null
        ? null
        : { code: row.failure_code, class: (row.failure_class ?? 'PERMANENT') as 'PERMANENT', message: row.failure_message ?? '' },
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    openedAt: row.opened_at,
    clickedAt: row.clicked_at,
    repliedAt: row.replied_at,
    machineOpenedAt: row.machine_opened_at,
    machineClickedAt: row.machine_clicked_at,
    cost: row.cost,
    whenUnknown: row.when_unknown === 'RESEND' ? 'RESEND' : 'HOLD',
  }
}

/** Later items of the same tick see the row as this one left it. */
export function fromEntry(row: MessageRow, entry: LedgerEntry): void {
  Object.assign(row, {
    status: entry.status,
    due_at: entry.dueAt,
    provider_message_id: entry.providerMessageId,
    failure_code: entry.failure?.code ?? null,
    failure_class: entry.failure?.class ?? null,
    failure_message: entry.failure?.message ?? null,
    sent_at: entry.sentAt,
    delivered_at: entry.deliveredAt,
    opened_at: entry.openedAt,
    clicked_at: entry.clickedAt,
    replied_at: entry.repliedAt,
    machine_opened_at: entry.machineOpenedAt,
    machine_clicked_at: entry.machineClickedAt,
    cost: entry.cost,
  })
}
