import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'
import { hasEnded, look, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J11: who writes «Help» or «Promo» is acknowledged freely; who is written to first gets an approved template. */
let stage: Stage
let connectionId: string
let inbound: string
let shipped: string
const accounts = sandboxCredentials('story')

async function connect(provider: 'meta' | 'twilio_whatsapp'): Promise<string> {
  const { credentials, settings } = accounts[provider]
  const answer = await stage.client.run<{ connectProvider: { connection: { id: string; callbackUrl: string } } }>(
    'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id callbackUrl } userErrors { message path } } }',
    { input: { provider, name: provider, credentials, settings, baseUrl: stage.sandbox.url } },
  )
  const { id, callbackUrl } = answer.connectProvider.connection
  const account = provider === 'meta' ? accounts.meta.settings.phoneNumberId : accounts.twilio_whatsapp.credentials.accountSid
  stage.sandbox.connect({ provider, account, callbackUrl })
  return id
}
const sync = (id: string) =>
  stage.client.run<{ syncWhatsappTemplates: { count: number } }>(
    'mutation ($id: ID!) { syncWhatsappTemplates(input: { connectionId: $id }) { count userErrors { message } } }',
    { id },
  )
/** What keeps a graph from being published, by its node, field and words. */
async function publish(graph: object): Promise<string[]> {
  const { createJourney } = await stage.client.run<{ createJourney: { journey: { id: string } } }>(
    'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message } } }',
    { input: { name: 'Another', graph } },
  )
  const { journey } = await stage.client.run<{ journey: { draft: { problems: { code: string; node: string; path: string[]; message: string }[] } } }>(
    'query ($id: ID!) { journey(id: $id) { draft { problems { code node path message } } } }',
    { id: createJourney.journey.id },
  )
  return journey.draft.problems.map(({ code, node, path, message }) => `${code} ${node} ${path.join('.')}: ${message}`)
}
const writes = (from: string, text: string, message?: JsonObject) =>
  stage.sandbox.inbound({ provider: 'meta', account: accounts.meta.settings.phoneNumberId, from, to: '', text, ...(message ? { message } : {}) })
const got = (to: string, provider = 'meta') =>
  stage.sandbox.log.entries().flatMap((entry) => (entry.provider === provider && entry.to === to && entry.outcome === 'accepted' ? [entry.text] : []))
const service = (text: string, more: object = {}) => ({ category: 'SERVICE', session: { text, ...more } })
const chain = (...keys: string[]) => keys.slice(1).map((to, n) => ({ from: keys[n], port: 'next', to }))

let sale: object
beforeAll(async () => {
  stage = await openStage()
  const update = await stage.template('WHATSAPP', {
    category: 'UTILITY',
    template: {
      name: 'order_update',
      language: 'en_US',
      body: ['{{ contact.firstName | default: "friend" }}', '{{ event.orderId }}'],
      buttons: [{ index: 0, type: 'URL', value: '{{ event.orderId }}' }],
    },
    session: { text: 'Your order {{ event.orderId }} is on its way.' },
  })
  const graph = {
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'order.shipped' } } },
      {
        key: 'tell',
        config: { whatsapp: { templateId: update, purpose: 'TRANSACTIONAL', followUps: [{ on: 'OPENED' }, { on: 'IGNORED', after: 'P1D' }] } },
      },
      { key: 'read', config: { update: { addTags: ['reader'] } } },
      { key: 'left', config: { update: { addTags: ['unread'] } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'tell' },
      { from: 'tell', port: 'opened', to: 'read' },
      { from: 'tell', port: 'ignored', to: 'left' },
    ],
  }
  // Nobody is sent what nobody has approved: without a provider, and before its templates are known.
  expect(await publish(graph)).toEqual(['TEMPLATE_REFUSED tell templateId: no WhatsApp connection is live, so no template is approved'])
  connectionId = await connect('meta')
  expect(await publish(graph)).toEqual([
    'TEMPLATE_REFUSED tell templateId: variants.0.content.template: is not among the provider’s templates; sync them',
  ])
  expect((await sync(connectionId)).syncWhatsappTemplates.count).toBe(10)
  shipped = await stage.journey(graph)

  const acknowledge = await stage.template('WHATSAPP', service('Thank you for «{{ event.text }}».'))
  const support = await stage.template('WHATSAPP', service('A colleague reads this.'))
  const offer = await stage.template('WHATSAPP', service('20 % off. Yours?', { buttons: [{ id: 'take-it', title: 'Yes, please' }] }))
  const thanks = await stage.template('WHATSAPP', service('Enjoy it.'))
  const say = (templateId: string, more: object = {}) => ({ whatsapp: { templateId, purpose: 'SERVICE', ...more } })
  inbound = await stage.journey({
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      {
        key: 'start',
        config: { eventTrigger: { event: 'whatsapp.message.received', where: [{ path: 'text', op: 'IN', value: ['Help', 'Promo'] }] } },
      },
      { key: 'acknowledge', config: say(acknowledge) },
      { key: 'which', config: { branch: { branches: [{ name: 'promo', when: { triggerEvent: { path: 'text', op: 'EQ', value: 'Promo' } } }] } } },
      { key: 'support', config: say(support) },
      { key: 'offer', config: say(offer, { followUps: [{ on: 'REPLIED' }, { on: 'IGNORED', after: 'P1D' }] }) },
      { key: 'thanks', config: say(thanks) },
      { key: 'leave', config: { exit: { reason: 'not interested' } } },
    ],
    edges: [
      ...chain('start', 'acknowledge', 'which'),
      { from: 'which', port: 'promo', to: 'offer' },
      { from: 'which', port: 'else', to: 'support' },
      { from: 'offer', port: 'replied', to: 'thanks' },
      { from: 'offer', port: 'ignored', to: 'leave' },
    ],
  })
  const spring = await stage.template('WHATSAPP', { category: 'MARKETING', template: { name: 'spring_sale', language: 'en_US' } })
  sale = {
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'spring' } } },
      { key: 'sell', config: { whatsapp: { templateId: spring } } },
    ],
    edges: chain('start', 'sell'),
  }
})
afterAll(() => stage.close())

interface Look {
  identities: { openUntil: string | null }[]
  consents: { channel: string; state: string }[]
  tags: string[]
  events: { edges: { node: { name: string; properties: JsonObject } }[] }
}
const person = async (externalId: string): Promise<Look> => {
  const answer = await stage.client.run<{ contact: Look }>(
    'query ($ref: ContactRef!) { contact(ref: $ref) { tags identities { openUntil } consents { channel state } events(first: 20) { edges { node { name properties } } } } }',
    { ref: { externalId } },
  )
  return answer.contact
}

describe('who writes first', () => {
  test('«Help» is acknowledged in free words, and a colleague called', async () => {
    await stage.contact('ada', { whatsapp: '+14155553104' })
    expect((await person('ada')).identities).toEqual([{ openUntil: null }])
    writes('+14155553104', 'Help')
    const end = await seen(stage, inbound, 'ada', hasEnded)
    expect(end.path).toEqual(['start:next', 'acknowledge:next', 'which:else', 'support:next'])
    expect(got('+14155553104')).toEqual(['Thank you for «Help».', 'A colleague reads this.'])
    const { openUntil } = (await person('ada')).identities[0] ?? {}
    const left = Date.parse(openUntil ?? '') - Date.now()
    expect(left > 23 * 3_600_000 && left <= 24 * 3_600_000).toBe(true)
  })

  test('«Promo» gets the offer; the button that takes it answers that very message', async () => {
    stage.sandbox.script('+14155553199', 'clicker')
    await stage.contact('bea', { whatsapp: '+14155553199' })
    writes('+14155553199', 'Promo')
    const end = await seen(stage, inbound, 'bea', hasEnded)
    expect(end.path).toEqual(['start:next', 'acknowledge:next', 'which:promo', 'offer:replied', 'thanks:next'])
    const offer = end.messages.find(({ nodeKey }) => nodeKey === 'offer')
    const reply = (await person('bea')).events.edges.find(({ node }) => node.properties.kind === 'reply')?.node
    expect(reply).toMatchObject({ name: 'whatsapp.message.received', properties: { text: 'Yes, please', buttonPayload: 'take-it' } })
    expect(Buffer.from(offer?.id ?? '', 'base64url').toString()).toBe(`Message:${reply?.properties.inReplyTo}`)
  })

  test('somebody nobody knew becomes a contact and is answered, too; a picture without words starts nothing', async () => {
    writes('+14155553204', '', { type: 'image', image: { id: '9', mime_type: 'image/jpeg', sha256: 'x' } })
    writes('+14155553204', 'Help')
    await until(async () => got('+14155553204').length === 2)
    expect(got('+14155553204')).toEqual(['Thank you for «Help».', 'A colleague reads this.'])
    expect((await look(stage, inbound)).filter(({ contact }) => contact.externalId === null)).toHaveLength(1)
  })

  test('STOP withdraws consent for the channel', async () => {
    await stage.contact('cyd', { whatsapp: '+14155553304' })
    writes('+14155553304', 'stop')
    const consents = await until(async () => {
      const found = (await person('cyd')).consents.filter(({ state }) => state === 'WITHDRAWN')
      return found.length > 0 && found
    })
    expect(consents).toEqual([{ channel: 'WHATSAPP', state: 'WITHDRAWN' }])
  })
})

describe('who is written to first', () => {
  test('gets the template, and its being read leads on', async () => {
    stage.sandbox.script('+14155553404', 'opener')
    await stage.contact('dan', { whatsapp: '+14155553404' })
    await stage.event('dan', 'order.shipped', { orderId: 'A-7' })
    const end = await seen(stage, shipped, 'dan', hasEnded)
    expect(end.path).toEqual(['start:next', 'tell:opened', 'read:next'])
    expect(got('+14155553404')).toEqual(['Hello friend, your order A-7 is on its way.'])
    expect((await person('dan')).tags).toEqual(['reader'])
  })

  test('but within a day of writing, free words', async () => {
    stage.sandbox.script('+14155553504', 'opener')
    await stage.contact('eve', { whatsapp: '+14155553504' })
    writes('+14155553504', 'Where is it?')
    await until(async () => (await person('eve')).events.edges.length === 1)
    await stage.event('eve', 'order.shipped', { orderId: 'A-8' })
    await seen(stage, shipped, 'eve', hasEnded)
    expect(got('+14155553504')).toEqual(['Your order A-8 is on its way.'])
  })

  test('and nothing, where there are free words alone: suppressed, with the reason', async () => {
    const news = await stage.template('WHATSAPP', service('News!'))
    const journeyId = await stage.journey({
      nodes: [
        { key: 'start', config: { eventTrigger: { event: 'news' } } },
        { key: 'say', config: { whatsapp: { templateId: news, purpose: 'SERVICE' } } },
      ],
      edges: chain('start', 'say'),
    })
    await stage.contact('fay', { whatsapp: '+14155553604' })
    await stage.event('fay', 'news')
    const end = await seen(stage, journeyId, 'fay', hasEnded)
    expect(end.messages).toMatchObject([{ status: 'SUPPRESSED', failure: { code: 'window_closed' } }])
    expect(end.trace.find(({ code, data }) => code === 'signal' && data?.reason === 'window_closed')?.node).toBe('say')
    expect(got('+14155553604')).toEqual([])
  })

  test('a template that a review pauses holds its messages back, and a new journey from being published', async () => {
    expect(await publish(sale)).toEqual(['TEMPLATE_REFUSED sell templateId: variants.0.content.template: is PENDING'])
    const review = (name: string, status: string) => stage.sandbox.review({ account: accounts.meta.settings.phoneNumberId, name, status })
    review('spring_sale', 'APPROVED')
    review('order_update', 'PAUSED')
    const paused = async () => {
      const answer = await stage.client.run<{ whatsappTemplates: { edges: { node: { name: string } }[] } }>(
        '{ whatsappTemplates(status: PAUSED) { edges { node { name } } } }',
      )
      return answer.whatsappTemplates.edges.map(({ node }) => node.name).sort()
    }
    await until(async () => (await paused()).length === 2)
    expect([await paused(), await publish(sale)]).toEqual([['order_update', 'winter_sale'], []])
    await stage.contact('gus', { whatsapp: '+14155553704' })
    await stage.event('gus', 'order.shipped', { orderId: 'A-9' })
    const end = await seen(stage, shipped, 'gus', hasEnded)
    expect(end.messages).toMatchObject([{ status: 'SUPPRESSED', failure: { code: 'template_not_approved' } }])
    expect(got('+14155553704')).toEqual([])
  })
})

test('through Twilio the same journeys hold, its templates being contents', async () => {
  await stage.client.run('mutation ($id: ID!) { disableConnection(input: { id: $id }) { userErrors { message } } }', { id: connectionId })
  const twilio = await connect('twilio_whatsapp')
  await sync(twilio)
  const greeting = await stage.template('WHATSAPP', {
    category: 'UTILITY',
    template: { sid: contentSid({ name: 'greeting', language: 'en_US' }), variables: { first_name: '{{ event.name }}' } },
  })
  const journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'joined' } } },
      {
        key: 'greet',
        config: { whatsapp: { templateId: greeting, purpose: 'SERVICE', followUps: [{ on: 'OPENED' }, { on: 'IGNORED', after: 'P1D' }] } },
      },
      { key: 'read', config: { update: { addTags: ['reader'] } } },
    ],
    edges: [...chain('start', 'greet'), { from: 'greet', port: 'opened', to: 'read' }].concat({ from: 'greet', port: 'ignored', to: 'read' }),
  })
  stage.sandbox.script('+14155553804', 'opener')
  await stage.contact('hal', { whatsapp: '+14155553804' })
  await stage.event('hal', 'joined', { name: 'Hal' })
  expect((await seen(stage, journeyId, 'hal', hasEnded)).path).toEqual(['start:next', 'greet:opened', 'read:next'])
  stage.sandbox.inbound({
    provider: 'twilio_whatsapp',
    account: accounts.twilio_whatsapp.credentials.accountSid,
    from: '+14155553804',
    to: accounts.twilio_whatsapp.settings.from,
    text: 'Help',
  })
  await seen(stage, inbound, 'hal', hasEnded)
  expect(got('+14155553804', 'twilio_whatsapp')).toEqual(['Welcome, Hal.', 'Thank you for «Help».', 'A colleague reads this.'])
})
