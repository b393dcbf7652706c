import type { Facts } from '../domain/facts.ts'
import { hash32 } from '../domain/hash.ts'
import { derivedId, lanedId, laneOf } from '../domain/ids.ts'
import type { Decision, Effect, EnrollmentState, Input } from '../domain/journey/enrollment.ts'
import type { LedgerChange, LedgerEntry } from '../domain/ledger.ts'
import type { MessageRow } from '../store/queries/messages.ts'
import type { CallInsert } from '../store/queries/webhook-calls.ts'
import type * as rows from '../store/queries/write-back.ts'
import { Announcements } from './announcements.ts'
import { Counts } from './counts.ts'
import type { InboxItem } from './inbox.ts'
import type { Subscriptions } from './journeys.ts'

/** Everything one tick is going to write, gathered while it folds. Nothing here touches the database. */
export class Outbox {
  readonly now: number
  readonly announcements: Announcements
  readonly counts: Counts
  readonly events: rows.EventInsert[] = []
  readonly messages = new Map<string, rows.MessageInsert>()
  readonly messageUpdates = new Map<string, rows.MessageUpdate>()
  readonly statuses: rows.StatusInsert[] = []
  readonly journal: rows.JournalInsert[] = []
  readonly conversions: rows.ConversionInsert[] = []
  readonly slots = new Map<string, rows.SlotWrite>()
  readonly watches = new Map<string, rows.WatchWrite>()
  readonly contacts: rows.ContactUpdate[] = []
  readonly consents: rows.ConsentWrite[] = []
  readonly identities: { lane: number; id: string; status: string }[] = []
  readonly withdrawals = new Map<string, rows.Withdrawal>()
  readonly calls = new Map<string, CallInsert>()
  readonly callWithdrawals: { lane: number; id: string }[] = []
  readonly forwards: InboxItem[] = []
  /** By the known half of a merged contact, the de-duplication keys of what was planned for any; see said.ts. */
  readonly said = new Map<string, readonly { key: string; at: number }[]>()
  /** Ids of messages to dispatch after the commit. */
  readonly sends: { id: string; workspaceId: string }[] = []
  readonly touched = new Map<string, { enrollments: Set<string>; messages: Set<string>; journeys: Set<string>; contacts: Set<string> }>()
  private readonly newEnrollments = new Map<string, rows.EnrollmentWrite>()
  private readonly changedEnrollments = new Map<string, rows.EnrollmentWrite>()
  private serial = 0

  constructor(now: number, subscriptions: Subscriptions = new Map()) {
    this.now = now
    this.announcements = new Announcements(now, subscriptions)
    this.counts = new Counts(now)
  }

  /** The soonest instant at which something written here falls due; null where nothing does. */
  get nextDue(): number | null {
    let next: number | null = null
    const look = (due: number | null) => {
      if (due !== null && (next === null || due < next)) next = due
    }
    for (const row of this.newEnrollments.values()) look(row.due)
    for (const row of this.changedEnrollments.values()) look(row.due)
    for (const row of this.messageUpdates.values()) look(row.due)
    for (const row of this.watches.values()) look(row.due)
    return next
  }

  get inserted(): rows.EnrollmentWrite[] {
    return [...this.newEnrollments.values()]
  }
  get updated(): rows.EnrollmentWrite[] {
    return [...this.changedEnrollments.values()]
  }
  /**
   * A fresh id for a row of this lane; unlike a derived one it is never looked for again. Those of one tick sort as they
   * were made: of two keywords in one tick the later must win, and a history is read in the order of its ids.
   */
  newId(lane: number, ...parts: string[]): string {
    return lanedId(this.now, lane, this.serial++, hash32(parts.join('\u0000'), 0x5eed3))
  }

  /** `contacts` by their tags. */
  touch(workspaceId: string, kind: 'enrollments' | 'messages' | 'journeys' | 'contacts', id: string): void {
    const known = this.touched.get(workspaceId) ?? { enrollments: new Set(), messages: new Set(), journeys: new Set(), contacts: new Set() }
    known[kind].add(id)
    this.touched.set(workspaceId, known)
  }

  /** The state an enrollment has come to; the last one wins. */
  saveEnrollment(workspaceId: string, state: EnrollmentState, options: { isNew: boolean; frozen: boolean }): void {
    const { id, journeyId, versionId, contactId, key, status, node, dueAt, enteredAt, endedAt, endReason, ...rest } = state
    const row: rows.EnrollmentWrite = {
      lane: laneOf(id),
      id,
      workspace: workspaceId,
      journey: journeyId,
      version: versionId,
      contact: contactId,
      key,
      status,
      node,
      due: options.frozen ? null : dueAt,
      frozen: options.frozen ? dueAt : null,
      state: rest,
      entered: enteredAt,
      ended: endedAt,
      reason: endReason,
    }
    if (options.isNew || this.newEnrollments.has(id)) this.newEnrollments.set(id, row)
    else this.changedEnrollments.set(id, row)
    this.touch(workspaceId, 'enrollments', id)
    this.touch(workspaceId, 'journeys', journeyId)
  }

  record(workspaceId: string, state: EnrollmentState, input: Input, decisions: readonly Decision[]): void {
    const lane = laneOf(state.id)
    this.journal.push({
      lane,
      at: this.now,
      id: derivedId(this.now, lane, state.id, String(state.seq)),
      workspace: workspaceId,
      contact: state.contactId,
      journey: state.journeyId,
      enrollment: state.id,
      seq: state.seq,
      input,
      decisions,
    })
    const key = { lane, workspaceId, journeyId: state.journeyId, versionId: state.versionId }
    for (const decision of decisions) {
      const node = decision.node ?? ''
      switch (decision.code) {
        case 'entered':
          this.counts.add(key, node, 'entered')
          this.counts.add(key, '', 'started')
          this.announcements.enrollment('enrollment.started', workspaceId, state)
          break
        case 'arrived':
          this.counts.add(key, node, 'entered')
          break
        case 'left':
          this.counts.add(key, node, `left:${decision.port}`)
          break
        case 'completed':
        case 'converted':
        case 'exited':
        case 'failed':
          if (decision.node !== null) this.counts.add(key, node, 'ended')
          this.counts.add(key, '', decision.code, 1, (state.endedAt ?? this.now) - state.enteredAt)
          this.announcements.enrollment('enrollment.ended', workspaceId, state)
          break
      }
    }
  }

  /** A trigger that did not let somebody in: traced under the contact, because there is no enrollment. */
  refuse(lane: number, workspaceId: string, contactId: string, journeyId: string, cause: unknown, decision: Decision): void {
    this.journal.push({
      lane,
      at: this.now,
      id: this.newId(lane, contactId, journeyId),
      workspace: workspaceId,
      contact: contactId,
      journey: journeyId,
      enrollment: null,
      seq: 0,
      input: cause,
      decisions: [decision],
    })
  }

  carryOut(workspaceId: string, state: EnrollmentState, effect: Effect, facts: Facts): void {
    const lane = laneOf(state.id)
    const key = { lane, workspaceId, journeyId: state.journeyId, versionId: state.versionId }
    switch (effect.type) {
      case 'message': {
        const { message } = effect
        const status = message.verdict.type === 'send' ? 'PLANNED' : message.verdict.type === 'defer' ? 'DEFERRED' : 'SUPPRESSED'
        this.plan({
          lane,
          id: message.id,
          workspace: workspaceId,
          contact: state.contactId,
          enrollment: state.id,
          journey: state.journeyId,
          version: state.versionId,
          node: message.node,
          visit: message.visit,
          channel: message.channel,
          purpose: message.purpose,
          topic: message.topicId,
          template: message.templateId,
          identity: message.identityId,
          status,
          due: message.verdict.type === 'defer' ? message.verdict.until : null,
          dedupe: message.dedupeKey,
          useful_for: message.usefulFor ?? null,
          failure: message.verdict.type === 'send' ? null : message.verdict.reason,
          variables: variablesOf(state),
          planned: this.now,
        })
        this.counts.add(key, message.node, `${status === 'SUPPRESSED' ? 'suppressed' : 'planned'}@${message.channel}`)
        if (message.verdict.type === 'suppress') this.counts.add(key, message.node, `suppressed:${message.verdict.reason}`)
        break
      }
      case 'webhook':
        this.calls.set(effect.call.id, {
          lane,
          ...effect.call,
          workspace: workspaceId,
          contact: state.contactId,
          enrollment: state.id,
          journey: state.journeyId,
          version: state.versionId,
          variables: variablesOf(state),
          planned: this.now,
        })
        break
      case 'withdraw':
        this.withdrawals.set(`${state.id} ${effect.node ?? ''}`, {
          lane,
          contact: state.contactId,
          enrollment: state.id,
          since: state.enteredAt,
          reason: effect.reason,
          node: effect.node ?? null,
        })
        if (effect.callId !== undefined && !this.calls.delete(effect.callId)) this.callWithdrawals.push({ lane, id: effect.callId })
        // What was planned in this very tick is not in the table yet.
        for (const planned of this.messages.values()) {
          if (planned.enrollment !== state.id || (effect.node !== undefined && planned.node !== effect.node)) continue
          if (planned.status !== 'PLANNED' && planned.status !== 'DEFERRED') continue
          planned.status = 'CANCELLED'
          planned.due = null
          planned.failure = effect.reason
        }
        break
      case 'contact':
        this.contacts.push({
          lane: laneOf(facts.contact.id),
          id: facts.contact.id,
          set: effect.set,
          unset: effect.unset,
          add: effect.addTags,
          remove: effect.removeTags,
        })
        break
      case 'conversion':
        this.conversions.push({
          lane,
          id: derivedId(state.enteredAt, lane, state.id, 'goal', effect.goal),
          workspace: workspaceId,
          contact: state.contactId,
          journey: state.journeyId,
          version: state.versionId,
          enrollment: state.id,
          goal: effect.goal,
          value: effect.value,
          event: effect.eventId,
          at: effect.at,
          recorded: this.now,
        })
        this.counts.add(key, '', 'goal', 1, effect.value ?? 0)
        this.announcements.goal(workspaceId, state, effect)
        break
    }
  }

  /** A new message, to be dispatched after the commit where nothing holds it back. */
  plan(message: rows.MessageInsert): void {
    this.messages.set(message.id, message)
    if (message.status === 'PLANNED') this.sends.push({ id: message.id, workspaceId: message.workspace })
    if (message.status === 'SUPPRESSED') {
      const { id, channel, enrollment, journey, node, status, failure } = message
      const news = { message: id, channel, enrollment, journey, node, status, human: null, detail: { reason: failure }, at: this.now }
      this.announcements.message(message.workspace, message.contact, () => news)
    }
    this.touch(message.workspace, 'messages', message.id)
  }

  /** `row` is the message as it was before the change. */
  saveLedger(row: MessageRow, change: LedgerChange): void {
    const { entry } = change
    this.messageUpdates.set(row.id, toUpdate(row.lane, entry))
    this.touch(row.workspace_id, 'messages', row.id)
    if (change.history) {
      const { status, human, at, detail } = change.history
      this.statuses.push({
        lane: row.lane,
        id: this.newId(row.lane, row.id, status),
        message: row.id,
        workspace: row.workspace_id,
        contact: row.contact_id,
        status,
        human,
        detail: detail ?? null,
        at,
        received: this.now,
      })
      const { id, channel, node, enrollment_id: enrollment, journey_id: journey } = row
      const news = () => ({ message: id, channel, enrollment, journey, node, status, human, detail: detail ?? null, at })
      this.announcements.message(row.workspace_id, row.contact_id, news)
    }
    if (row.journey_id !== null && row.version_id !== null) {
      const key = { lane: row.lane, workspaceId: row.workspace_id, journeyId: row.journey_id, versionId: row.version_id }
      const node = row.node ?? ''
      // A reason is counted for the node alone.
      const count = (metric: string, n: number) => this.counts.add(key, node, metric.includes(':') ? metric : `${metric}@${row.channel}`, n)
      for (const metric of change.counts) count(metric, 1)
      for (const metric of change.takenBack ?? []) count(metric, -1)
      // What it cost may be told after it was counted as sent: a callback can be quicker than the answer.
      const spent = (entry.cost ?? 0) - (row.cost ?? 0)
      if (spent !== 0) this.counts.add(key, node, `sent@${row.channel}`, 0, spent)
      this.touch(row.workspace_id, 'journeys', row.journey_id)
    }
    if (change.send) this.sends.push({ id: row.id, workspaceId: row.workspace_id })
    if (change.identity !== null && row.identity_id !== null)
      this.identities.push({ lane: laneOf(row.identity_id), id: row.identity_id, status: change.identity })
  }
}

/** What templates see of the enrollment, as it is now. */
function variablesOf(state: EnrollmentState) {
  return { event: state.trigger.event?.properties ?? {}, vars: state.vars, key: state.key }
}

function toUpdate(lane: number, entry: LedgerEntry): rows.MessageUpdate {
  return {
    lane,
    id: entry.id,
    status: entry.status,
    due: entry.dueAt,
    provider_message: entry.providerMessageId,
    failure_code: entry.failure?.code ?? null,
    failure_class: entry.failure?.class ?? null,
    failure_message: entry.failure?.message ?? null,
    sent: entry.sentAt,
    delivered: entry.deliveredAt,
    opened: entry.openedAt,
    clicked: entry.clickedAt,
    replied: entry.repliedAt,
    machine_opened: entry.machineOpenedAt,
    machine_clicked: entry.machineClickedAt,
    cost: entry.cost,
  }
}
