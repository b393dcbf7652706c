import type { LogEntry } from '../../src/sandbox/log.ts'
import { DELAY, type Person, REPEATABLE } from './story.ts'

/** An enrollment as the API tells it. */
export interface SeenEnrollment {
  key: string | null
  state: string
  endReason: string | null
  contact: { externalId: string }
  visits: { node: string; port: string | null }[]
  messages: SeenMessage[]
}

export interface SeenMessage {
  id: string
  nodeKey: string
  status: string
  attempt: number
  sentAt: string | null
  deliveredAt: string | null
  engagement: string[]
  statuses: { status: string }[]
}

/** A journey's counters as the API tells them. */
export interface SeenStats {
  started: number
  active: number
  completed: number
  converted: number
  exited: number
  failed: number
  goals: number
  nodes: {
    node: string
    entered: number
    left: { port: string; count: number }[]
    messages: Record<'planned' | 'sent' | 'delivered' | 'opened' | 'clicked' | 'unknown' | 'failed' | 'suppressed', number> | null
  }[]
}

export interface Evidence {
  people: readonly Person[]
  log: readonly LogEntry[]
  carts: { enrollments: readonly SeenEnrollment[]; stats: SeenStats }
  codes: { enrollments: readonly SeenEnrollment[]; stats: SeenStats }
  /** Unix milliseconds: before a person's carts were sent, and after their order was acknowledged. */
  filledAt: ReadonlyMap<string, number>
  orderedAt: ReadonlyMap<string, number>
}

export interface Judgement {
  /** What must not have happened, one line each; empty where every promise was kept. */
  violations: string[]
  counts: Record<string, number>
}

/** Holds what the API tells against what the providers wrote down and what the story demands. */
export function judge(evidence: Evidence): Judgement {
  const violations: string[] = []
  const accepted = arrivals(evidence, violations)
  const requests = count(evidence.log.flatMap((entry) => (entry.messageId === null ? [] : [entry.messageId])))
  const tally = { once: 0, repeated: 0, held: 0, messages: 0 }

  const judgeMessages = (about: string, enrollment: SeenEnrollment, bought: boolean) => {
    const seen = new Set<string>()
    for (const message of enrollment.messages) {
      const name = `${message.nodeKey} ${about}`
      if (seen.has(message.nodeKey)) violations.push(`${name}: planned twice`)
      seen.add(message.nodeKey)
      tally.messages++
      const arrived = accepted.get(name) ?? 0
      accepted.delete(name)
      if (arrived === 1) tally.once++
      else if (arrived > 1) tally.repeated++
      else tally.held++
      violations.push(...judgeMessage(message, arrived, requests.get(uuidOf(message.id)) ?? 0, bought).map((fault) => `${name}: ${fault}`))
    }
  }

  const byCart = unique(evidence.carts.enrollments, (each) => String(each.key), violations)
  const byPerson = unique(evidence.codes.enrollments, (each) => each.contact.externalId, violations)
  for (const person of evidence.people) {
    for (const cart of person.carts) {
      const enrollment = byCart.get(cart)
      byCart.delete(cart)
      if (enrollment === undefined) violations.push(`${cart}: nobody was enrolled`)
      else {
        const inTime = (evidence.orderedAt.get(person.externalId) ?? Infinity) <= (evidence.filledAt.get(person.externalId) ?? 0) + DELAY
        violations.push(...judgeCart(person, cart, enrollment, inTime, accepted.has(`email ${cart}`)).map((fault) => `${cart}: ${fault}`))
        judgeMessages(cart, enrollment, person.buys === cart && enrollment.state === 'CONVERTED')
      }
    }
    const code = byPerson.get(person.externalId)
    byPerson.delete(person.externalId)
    if (code === undefined) violations.push(`${person.externalId}: got no code`)
    else {
      if (code.state !== 'COMPLETED' || nodesOf(code) !== 'code')
        violations.push(`${person.externalId}: code ${code.state} with ${nodesOf(code) || 'nothing'}`)
      judgeMessages(person.externalId, code, false)
    }
  }
  for (const name of [...byCart.keys(), ...byPerson.keys()]) violations.push(`${name}: was enrolled, and nobody asked for it`)
  for (const [name, times] of accepted) violations.push(`${name}: reached the provider ${times} times, and the API knows nothing of it`)
  violations.push(...judgeStats('carts', evidence.carts), ...judgeStats('codes', evidence.codes))
  return { violations, counts: counts(evidence, tally) }
}

/** Which message reached its provider how often: node and what it is about, as the message's own text says. */
function arrivals({ people, log }: Evidence, violations: string[]): Map<string, number> {
  const owners = new Map(people.flatMap((person) => [person.externalId, ...person.carts].map((about) => [about, person] as const)))
  const times = new Map<string, number>()
  for (const entry of log) {
    if (entry.outcome === 'refused') violations.push(`${entry.provider} refused a request: ${entry.status} ${entry.code ?? ''}`)
    if (entry.outcome !== 'accepted') continue
    const [node = '', about = ''] = (entry.provider === 'twilio' ? entry.text : entry.subject)?.split(' ') ?? []
    const owner = owners.get(about)
    if (owner === undefined || ![owner.email, owner.sms, owner.push].includes(entry.to ?? ''))
      violations.push(`${node} ${about}: went to somebody else`)
    times.set(`${node} ${about}`, (times.get(`${node} ${about}`) ?? 0) + 1)
  }
  return times
}

/** What a purchase may leave of a message that a worker, or its database, had not got rid of when it came. */
const CALLED_OFF: ReadonlySet<string> = new Set(['CANCELLED', 'SUPPRESSED', 'UNKNOWN'])

/** One message's row of the guarantee matrix. `bought`: the purchase of just that cart was heard, and what had not been sent is not. */
function judgeMessage(message: SeenMessage, arrived: number, requests: number, bought: boolean): string[] {
  const faults: string[] = []
  const flagged = message.statuses.some(({ status }) => status === 'UNKNOWN')
  const repeatable = REPEATABLE.has(message.nodeKey)
  const told = `${message.status}, attempt ${message.attempt}, history ${message.statuses.map(({ status }) => status).join(' ')}`
  if (requests > message.attempt) faults.push(`${requests} requests for ${message.attempt} attempts`)
  if (arrived > 1 && !(repeatable && flagged)) faults.push(`reached the provider ${arrived} times (${told})`)
  if (arrived > 2) faults.push(`reached the provider ${arrived} times, which nothing allows`)
  const calledOff = bought && CALLED_OFF.has(message.status) && (message.status !== 'UNKNOWN' || flagged)
  if (arrived === 0 && !calledOff && !(flagged && message.status === 'UNKNOWN' && !repeatable))
    faults.push(`lost: it never reached the provider (${told})`)
  // A provider that calls back has cleared every doubt by now.
  const callsBack = message.nodeKey !== 'push' && message.nodeKey !== 'thanks'
  if (arrived > 0 && callsBack && message.status !== 'DELIVERED') faults.push(`delivered, and the API says ${told}`)
  if (arrived > 0 && !callsBack && message.status !== 'SENT' && !flagged) faults.push(`accepted, and the API says ${told}`)
  return faults
}

/** How one enrollment had to end. */
function judgeCart(person: Person, cart: string, enrollment: SeenEnrollment, inTime: boolean, mailArrived: boolean): string[] {
  const { state, contact } = enrollment
  const sent = nodesOf(enrollment)
  const faults: string[] = []
  if (contact.externalId !== person.externalId) faults.push(`belongs to ${contact.externalId}`)
  if (person.buys === cart) {
    if (state !== 'CONVERTED' && (inTime || state !== 'COMPLETED')) faults.push(`bought, and ${state}`)
    if (inTime && sent !== '') faults.push(`bought in time, and got ${sent}`)
    return faults
  }
  if (state !== 'COMPLETED' || enrollment.endReason !== null) faults.push(`${state} ${enrollment.endReason ?? ''}`)
  // Whoever did not get the mail, or does not read mail, gets the SMS. The others either did something in time, or did not.
  const allowed =
    !mailArrived || person.persona === 'ignorer'
      ? ['email push sms']
      : ['email push sms', 'email push', ...(person.persona === 'clicker' ? ['email push thanks'] : [])]
  if (!allowed.includes(sent)) faults.push(`a ${person.persona} got ${sent || 'nothing'}`)
  return faults
}

/** Every counter is what counting the enrollments gives. */
function judgeStats(journey: string, { enrollments, stats }: Evidence['carts']): string[] {
  const faults: string[] = []
  const same = (what: string, told: number, counted: number) => {
    if (told !== counted) faults.push(`${journey}: the counter of ${what} says ${told}, the enrollments ${counted}`)
  }
  const states = count(enrollments.map((each) => each.state))
  same('started', stats.started, enrollments.length)
  same('active', stats.active, (states.get('ACTIVE') ?? 0) + (states.get('WAITING') ?? 0))
  for (const end of ['completed', 'converted', 'exited', 'failed'] as const) same(end, stats[end], states.get(end.toUpperCase()) ?? 0)
  same('goals', stats.goals, states.get('CONVERTED') ?? 0)
  const visits = enrollments.flatMap((each) => each.visits)
  const messages = enrollments.flatMap((each) => each.messages)
  for (const node of stats.nodes) {
    const here = visits.filter((visit) => visit.node === node.node)
    same(`${node.node}, entered`, node.entered, here.length)
    const left = count(here.flatMap((visit) => (visit.port === null ? [] : [visit.port])))
    for (const { port, count: told } of node.left) same(`${node.node}, left by ${port}`, told, left.get(port) ?? 0)
    if (node.messages === null) continue
    const mine = messages.filter((message) => message.nodeKey === node.node)
    const having = (test: (message: SeenMessage) => boolean) => mine.filter(test).length
    same(`${node.node}, planned`, node.messages.planned, mine.length)
    same(
      `${node.node}, sent`,
      node.messages.sent,
      having((each) => each.sentAt !== null),
    )
    same(
      `${node.node}, delivered`,
      node.messages.delivered,
      having((each) => each.deliveredAt !== null),
    )
    same(
      `${node.node}, opened`,
      node.messages.opened,
      having((each) => each.engagement.includes('OPENED')),
    )
    same(
      `${node.node}, clicked`,
      node.messages.clicked,
      having((each) => each.engagement.includes('CLICKED')),
    )
    same(`${node.node}, unknown`, node.messages.unknown, mine.flatMap((each) => each.statuses).filter(({ status }) => status === 'UNKNOWN').length)
    same(`${node.node}, failed`, node.messages.failed, 0)
    same(
      `${node.node}, suppressed`,
      node.messages.suppressed,
      having((each) => each.status === 'SUPPRESSED'),
    )
  }
  return faults
}

function counts({ log, carts, codes }: Evidence, tally: { once: number; repeated: number; held: number; messages: number }): Record<string, number> {
  const outcomes = count(log.map((entry) => entry.outcome))
  const all = [...carts.enrollments, ...codes.enrollments]
  return {
    enrollments: all.length,
    'messages planned': tally.messages,
    'requests in the log': log.length,
    'accepted by a provider': outcomes.get('accepted') ?? 0,
    'lost to a fault of the provider': outcomes.get('lost') ?? 0,
    'messages that arrived once': tally.once,
    'messages that arrived again, flagged and allowed to': tally.repeated,
    'messages in doubt and held, flagged': tally.held,
    'messages ever in doubt': all.flatMap((each) => each.messages).filter((each) => each.statuses.some(({ status }) => status === 'UNKNOWN')).length,
  }
}

function nodesOf(enrollment: SeenEnrollment): string {
  return enrollment.messages
    .map((message) => message.nodeKey)
    .sort()
    .join(' ')
}

function count(names: readonly string[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1)
  return times
}

function unique(enrollments: readonly SeenEnrollment[], nameOf: (each: SeenEnrollment) => string, violations: string[]): Map<string, SeenEnrollment> {
  const found = new Map<string, SeenEnrollment>()
  for (const each of enrollments) {
    if (found.has(nameOf(each))) violations.push(`${nameOf(each)}: enrolled twice`)
    found.set(nameOf(each), each)
  }
  return found
}

/** Our id as the provider's log has it. */
function uuidOf(globalId: string): string {
  return Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? ''
}
