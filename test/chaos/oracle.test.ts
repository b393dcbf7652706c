import { expect, test } from 'vitest'
import type { LogEntry } from '../../src/sandbox/log.ts'
import { type Evidence, judge, type SeenEnrollment, type SeenMessage } from './oracle.ts'
import { people } from './story.ts'

/** Two people, one cart each; the first buys. Everything as it should be, to be spoilt in one place. */
function evidence(): Evidence & { log: LogEntry[]; mail: SeenMessage; sms: SeenMessage; push: SeenMessage; code: SeenMessage } {
  const [buyer, other] = people(2, 1)
  if (buyer === undefined || other === undefined) throw new Error('nobody')
  // The second of the three personas reads mail and does no more.
  const persons = [buyer, { ...other, persona: 'ignorer' as const }]
  let made = 0
  const message = (nodeKey: string, ...statuses: string[]): SeenMessage => ({
    id: Buffer.from(`Message:${made++}`).toString('base64url'),
    nodeKey,
    status: statuses.at(-1) ?? '',
    attempt: 1,
    sentAt: 'then',
    deliveredAt: statuses.includes('DELIVERED') ? 'then' : null,
    engagement: [],
    statuses: statuses.map((status) => ({ status })),
  })
  const push = message('push', 'SENT')
  const mail = message('email', 'SENT', 'DELIVERED')
  const sms = message('sms', 'SENT', 'DELIVERED')
  const codes = persons.map(() => message('code', 'SENT', 'DELIVERED'))
  const [code] = codes as [SeenMessage]
  const enrollment = (externalId: string, key: string, state: string, messages: SeenMessage[]): SeenEnrollment => ({
    key,
    state,
    endReason: state === 'CONVERTED' ? 'bought' : null,
    contact: { externalId },
    visits: messages.map(({ nodeKey }) => ({ node: nodeKey, port: 'next' })),
    messages,
  })
  const stats = (over: object, ...nodes: string[]) => ({
    ...{ started: 2, active: 0, completed: 2, converted: 0, exited: 0, failed: 0, goals: 0, ...over },
    nodes: nodes.map((node) => {
      const times = node === 'code' ? 2 : 1
      const messages = {
        planned: times,
        sent: times,
        delivered: node === 'push' ? 0 : times,
        opened: 0,
        clicked: 0,
        unknown: 0,
        failed: 0,
        suppressed: 0,
      }
      return { node, entered: times, left: [{ port: 'next', count: times }], messages }
    }),
  })
  let seq = 0
  const arrived = (provider: LogEntry['provider'], to: string, text: string): LogEntry => {
    const entry = {
      seq: ++seq,
      at: seq,
      provider,
      account: null,
      outcome: 'accepted' as const,
      status: 200,
      messageId: null,
      providerMessageId: null,
      to,
    }
    return provider === 'twilio' ? { ...entry, text } : { ...entry, subject: text }
  }
  return {
    people: persons,
    log: [
      arrived('fcm', other.push, 'push p1-c0'),
      arrived('sendgrid', other.email, 'email p1-c0'),
      arrived('twilio', other.sms, 'sms p1-c0'),
      ...persons.map((person) => arrived('twilio', person.sms, `code ${person.externalId}`)),
    ],
    carts: {
      enrollments: [enrollment('p0', 'p0-c0', 'CONVERTED', []), enrollment('p1', 'p1-c0', 'COMPLETED', [push, mail, sms])],
      stats: stats({ completed: 1, converted: 1, goals: 1 }, 'push', 'email', 'sms'),
    },
    codes: {
      enrollments: persons.map(({ externalId }, n) => enrollment(externalId, '', 'COMPLETED', codes.slice(n, n + 1))),
      stats: stats({}, 'code'),
    },
    filledAt: new Map([['p0', 0]]),
    orderedAt: new Map([['p0', 1_000]]),
    ...{ push, mail, sms, code },
  }
}

type Spoil = (given: ReturnType<typeof evidence>) => void
const verdict = (spoil: Spoil) => {
  const given = evidence()
  spoil(given)
  return judge(given).violations
}
const first = (given: ReturnType<typeof evidence>, cart: 0 | 1) => given.carts.enrollments[cart] as SeenEnrollment
/** In doubt, as the API flags it; the counters go along. */
const doubt = (given: ReturnType<typeof evidence>, message: SeenMessage, ...then: string[]) => {
  message.statuses.splice(0, message.statuses.length, ...['UNKNOWN', ...then].map((status) => ({ status })))
  message.status = then.at(-1) ?? 'UNKNOWN'
  message.sentAt = then.length > 0 ? 'then' : null
  message.deliveredAt = then.includes('DELIVERED') ? 'then' : null
  const node = [...given.carts.stats.nodes, ...given.codes.stats.nodes].find((each) => each.node === message.nodeKey)
  if (node?.messages)
    node.messages = {
      ...node.messages,
      unknown: 1,
      sent: node.messages.sent - (then.length > 0 ? 0 : 1),
      delivered: node.messages.delivered - (message.deliveredAt === null && node.messages.delivered > 0 ? 1 : 0),
    }
}

/** A push of the cart that never left, as a purchase may have called it off; the counters go along. */
const calledOff =
  (cart: 0 | 1, status: string, attempt: number, ...statuses: string[]): Spoil =>
  (given) => {
    const [node] = given.carts.stats.nodes
    if (cart === 1) {
      given.log.splice(0, 1)
      Object.assign(given.push, { status, attempt, sentAt: null, statuses: statuses.map((each) => ({ status: each })) })
      Object.assign(node?.messages ?? {}, { sent: 0 })
      return
    }
    const push = { ...given.push, id: '', status, attempt, sentAt: null, statuses: statuses.map((each) => ({ status: each })) }
    Object.assign(first(given, 0), { messages: [push], visits: [{ node: 'push', port: null }] })
    Object.assign(given, { orderedAt: new Map([['p0', 60_000]]) })
    Object.assign(node ?? {}, { entered: 2 })
    Object.assign(node?.messages ?? {}, { planned: 2, unknown: Number(statuses.includes('UNKNOWN')), suppressed: Number(status === 'SUPPRESSED') })
  }

test('finds nothing where nothing is wrong', () => {
  const { violations, counts } = judge(evidence())
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ enrollments: 4, 'messages planned': 5, 'messages that arrived once': 5 })
})

test.each<[string, Spoil, string[]]>([
  [
    'a mail that never arrived',
    ({ log }) => log.splice(1, 1),
    ['email p1-c0: lost: it never reached the provider (DELIVERED, attempt 1, history SENT DELIVERED)'],
  ],
  [
    'a push that arrived twice, unflagged',
    ({ log }) => log.push(log[0] as LogEntry),
    ['push p1-c0: reached the provider 2 times (SENT, attempt 1, history SENT)'],
  ],
  [
    'a message nobody planned',
    ({ log }) => log.push({ ...(log[2] as LogEntry), text: 'sms p0-c0', to: '+14150000004' }),
    ['sms p0-c0: reached the provider 1 times, and the API knows nothing of it'],
  ],
  ['a message to somebody else', ({ log }) => Object.assign(log[2] as LogEntry, { to: '+14150000004' }), ['sms p1-c0: went to somebody else']],
  [
    'more requests than attempts',
    ({ log }) => log.push(...[1, 2].map((seq) => ({ ...(log[0] as LogEntry), seq, outcome: 'lost' as const, messageId: '0' }))),
    ['push p1-c0: 2 requests for 1 attempts'],
  ],
  [
    'a request that was refused',
    ({ log }) => log.push({ ...(log[0] as LogEntry), outcome: 'refused', status: 401 }),
    ['fcm refused a request: 401 '],
  ],
  [
    'an entry that was lost',
    (given) => (given.carts.enrollments as SeenEnrollment[]).shift(),
    [
      'p0-c0: nobody was enrolled',
      'carts: the counter of started says 2, the enrollments 1',
      'carts: the counter of converted says 1, the enrollments 0',
      'carts: the counter of goals says 1, the enrollments 0',
    ],
  ],
  [
    'an order that was not heard',
    (given) => Object.assign(first(given, 0), { state: 'COMPLETED' }),
    [
      'p0-c0: bought, and COMPLETED',
      'carts: the counter of completed says 1, the enrollments 2',
      'carts: the counter of converted says 1, the enrollments 0',
      'carts: the counter of goals says 1, the enrollments 0',
    ],
  ],
  [
    'a counter that runs ahead',
    ({ carts }) => (carts.stats.nodes[1] ?? carts.stats.nodes[0] ?? { entered: 0 }).entered++,
    ['carts: the counter of email, entered says 2, the enrollments 1'],
  ],
  [
    'a doubt about a mail that arrived, and was told so',
    (given) => doubt(given, given.mail),
    ['email p1-c0: delivered, and the API says UNKNOWN, attempt 1, history UNKNOWN'],
  ],
  [
    'a push called off, where nobody bought',
    calledOff(1, 'CANCELLED', 0),
    ['push p1-c0: lost: it never reached the provider (CANCELLED, attempt 0, history )'],
  ],
  [
    'a push lost, whose cart was bought',
    calledOff(0, 'PLANNED', 0),
    ['push p0-c0: lost: it never reached the provider (PLANNED, attempt 0, history )'],
  ],
  [
    'a code in doubt that was not sent again',
    (given) => {
      doubt(given, given.code)
      given.log.splice(3, 1)
    },
    ['code p0: lost: it never reached the provider (UNKNOWN, attempt 1, history UNKNOWN)'],
  ],
])('sees %s', (_, spoil, expected) => {
  expect(verdict(spoil)).toEqual(expected)
})

test.each<[string, Spoil]>([
  [
    'a mail in doubt that never arrived: held, and flagged',
    (given) => {
      doubt(given, given.mail)
      given.log.splice(1, 1)
    },
  ],
  ['a mail in doubt that arrived, cleared by its callback', (given) => doubt(given, given.mail, 'DELIVERED')],
  [
    'a push in doubt that arrived twice',
    (given) => {
      doubt(given, given.push, 'RESEND', 'SENT')
      given.log.push(given.log[0] as LogEntry)
    },
  ],
  ['a push that its purchase called off before it had left', calledOff(0, 'CANCELLED', 0)],
  ['a push that was turned away, and not tried again after its purchase', calledOff(0, 'SUPPRESSED', 1, 'RETRY', 'SUPPRESSED')],
  ['a push in doubt, and not sent again after its purchase', calledOff(0, 'UNKNOWN', 1, 'UNKNOWN', 'RESEND', 'SUPPRESSED')],
  [
    'an order that came when the journey was over',
    (given) => {
      given.orderedAt = new Map([['p0', 60_000]])
      Object.assign(first(given, 0), { state: 'COMPLETED' })
      Object.assign(given.carts.stats, { completed: 2, converted: 0, goals: 0 })
    },
  ],
])('allows %s', (_, spoil) => {
  expect(verdict(spoil)).toEqual([])
})
