import { ThroughlineError } from '../errors.ts'
import type { Deed, Habit, Person } from './people.ts'

/** A shipped journey as the demo runs it: one row here. */
export interface DemoJourney {
  key: string
  /** Where it is absent, the demo has a drawing of its own. */
  secondsPerDay?: number
  habits: readonly [Habit, ...Habit[]]
}

const thing = (one: Person) => `a ${one.item}`
const order = (one: Person) => ({ orderId: one.cartId, item: one.item, total: one.total })
const launched: Deed = { after: 0, launch: true, says: 'is in the segment of the campaign' }
const signsUp: Deed = { after: 0, event: 'user.signed_up', says: 'signed up' }
const fills: Deed = {
  after: 0,
  event: 'cart.item_added',
  properties: (one) => ({ cartId: one.cartId, item: one.item, items: [one.item], total: one.total }),
  says: (one) => `put ${thing(one)} into ${one.cartId}`,
}
const buys = (after: number): Deed => ({
  after,
  event: 'order.placed',
  properties: (one) => ({ cartId: one.cartId, orderId: one.cartId, total: one.total }),
  says: (one) => `bought ${thing(one)} for ${one.total.toFixed(2)}`,
})
const opens = (after: number, says = 'opened the app'): Deed => ({ after, event: 'app.opened', says })
const orders: Deed = { after: 0, event: 'order.placed', properties: order, says: (one) => `ordered ${thing(one)} (${one.cartId})` }
const rides = (after: number, event: string, says: string): Deed => ({ after, event, properties: order, says })
const arrives: Deed = {
  after: 0,
  event: 'order.status_changed',
  properties: (one) => ({ ...order(one), status: 'delivered', invoiceUrl: `https://shop.example/invoices/${one.cartId}.pdf` }),
  says: (one) => `was brought ${thing(one)}`,
}
const silent = (event: string, daysAgo: number): Deed => ({ after: 0, event, daysAgo, says: 'has not been seen for long' })

export const DEMO_JOURNEYS: readonly DemoJourney[] = [
  {
    key: 'abandoned_cart',
    habits: [
      { as: { push: 'opener' }, does: [fills] },
      { does: [fills] },
      { does: [fills, buys(1)] },
      { as: { email: 'opener' }, does: [fills] },
      { does: [fills, buys(6.5)] },
    ],
  },
  {
    key: 'kyc_onboarding',
    secondsPerDay: 1.2,
    habits: [
      { as: { phone: 'replier' }, does: [signsUp, opens(1)] },
      { does: [signsUp] },
      { as: { email: 'opener' }, does: [signsUp, opens(1), { after: 4, event: 'kyc.completed', says: 'proved who they are' }] },
      { does: [signsUp, opens(1), opens(4), opens(10)] },
    ],
  },
  {
    key: 'order_delivery',
    // The promised half hour is half a second.
    secondsPerDay: 24,
    habits: [
      {
        does: [orders, rides(0.3, 'order.partner_assigned', 'has a rider on the way'), rides(0.9, 'order.delivered', 'has it in hand')],
      },
      {
        as: { push: 'opener' },
        does: [orders, rides(0.3, 'order.partner_assigned', 'has a rider on the way'), rides(4, 'order.delivered', 'has it in hand, late')],
      },
      { does: [orders, rides(0.4, 'order.cancelled', 'cancelled it')] },
    ],
  },
  {
    key: 'win_back',
    secondsPerDay: 3,
    habits: [
      { does: [silent('app.opened', 7), opens(2, 'is back in the app')] },
      { does: [silent('app.opened', 7)] },
      { as: { push: 'opener' }, does: [silent('app.opened', 7), opens(8, 'is back in the app')] },
    ],
  },
  {
    key: 'onboarding',
    secondsPerDay: 4,
    habits: [
      { as: { email: 'clicker', phone: 'opener', push: 'opener' }, does: [signsUp] },
      { does: [signsUp, { after: 2.5, event: 'account.closed', says: 'closed the account' }] },
      { as: { phone: 'bouncer' }, does: [signsUp] },
    ],
  },
  {
    key: 'cart_whatsapp_first',
    // Six hours are four seconds, in three of which somebody reads and answers.
    secondsPerDay: 16,
    habits: [{ does: [fills] }, { as: { phone: 'clicker' }, does: [fills, buys(5)] }, { as: { email: 'opener' }, does: [fills, buys(9)] }],
  },
  {
    key: 'week_long_promotion',
    secondsPerDay: 2,
    habits: [
      { as: { email: 'opener', push: 'opener' }, does: [launched, buys(6)] },
      { does: [launched] },
      { as: { phone: 'opener' }, does: [launched] },
    ],
  },
  {
    key: 'post_purchase',
    secondsPerDay: 1.5,
    habits: [
      { as: { phone: 'opener', email: 'opener' }, does: [arrives] },
      { does: [arrives] },
      { does: [arrives, { after: 3, event: 'order.returned', properties: order, says: 'sent it back' }] },
    ],
  },
  {
    key: 'lead_re_engagement',
    secondsPerDay: 3,
    habits: [
      { as: { email: 'opener' }, does: [silent('page.viewed', 30)] },
      { as: { email: 'clicker' }, does: [silent('page.viewed', 30)] },
      { does: [silent('page.viewed', 30)] },
      { does: [silent('page.viewed', 30), buys(5)] },
    ],
  },
  {
    key: 'stop_at_first_open',
    secondsPerDay: 4,
    habits: [
      { as: { push: 'opener' }, does: [launched] },
      { as: { email: 'opener' }, does: [launched] },
      { as: { phone: 'opener' }, does: [launched] },
      { does: [launched] },
    ],
  },
  {
    key: 'inbound_whatsapp',
    secondsPerDay: 8,
    habits: [
      {
        does: [
          { after: 0, writes: 'Help', says: 'wrote «Help»' },
          { after: 4, event: 'support.ticket_solved', says: 'was helped' },
        ],
      },
      { does: [{ after: 0, writes: 'promo', says: 'wrote «promo»' }] },
      { does: [{ after: 0, writes: 'help!', says: 'wrote «help!»' }] },
      { does: [{ after: 0, writes: 'Good morning', says: 'wrote «Good morning», which nothing listens for' }] },
    ],
  },
]

/** As it is typed after `npm start -- --journey`. */
export const typedName = (key: string): string => key.replaceAll('_', '-')

/** The journey that these arguments of the command line ask for: the abandoned cart without any. Throws INVALID_INPUT, naming all, for what is none. */
export function askedJourney(argv: readonly string[]): DemoJourney {
  const [first, ...rest] = argv.flatMap((each) => (each.startsWith('--journey=') ? ['--journey', each.slice('--journey='.length)] : [each]))
  const wanted = first === undefined ? 'abandoned_cart' : first === '--journey' && rest.length === 1 ? rest[0]?.replaceAll('-', '_') : undefined
  const found = DEMO_JOURNEYS.find(({ key }) => key === wanted)
  if (found) return found
  const names = DEMO_JOURNEYS.map(({ key }) => typedName(key)).join(', ')
  const message = wanted === undefined ? `«${argv.join(' ')}» is not understood: --journey and a name` : `There is no journey «${rest[0]}»`
  throw new ThroughlineError('INVALID_INPUT', `${message}. The names: ${names}.`)
}
