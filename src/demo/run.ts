import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sandboxCredentials } from '../sandbox/accounts.ts'
import type { Sandbox } from '../sandbox/control.ts'
import { type DemoClient, openDemoClient } from './client.ts'
import { abandonedCart, TEMPLATES } from './journey.ts'
import { type Person, person } from './people.ts'
import { describeMessage, openStory } from './story.ts'

/** What a start leaves for the next one. */
interface Memory {
  key: string
  journeyId: string | null
}

export interface DemoOptions {
  url: string
  sandbox: Sandbox
  dataDirectory: string
  /** Makes the workspace on the first start; answers its key. */
  createWorkspace(): Promise<string>
  write(line: string): void
  /** People who come before the demo only watches. */
  people?: number
  /** Milliseconds between two of them. */
  every?: number
}

export interface Demo {
  key: string
  journeyId: string
  stop(): Promise<void>
}

async function readMemory(file: string): Promise<Memory | null> {
  return readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Memory)
    .catch(() => null)
}

/** Sets up through the GraphQL API what is not there yet, then lets people come: everything here is an integrator's code. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const file = join(options.dataDirectory, 'demo.json')
  const memory: Memory = (await readMemory(file)) ?? { key: await options.createWorkspace(), journeyId: null }
  const remember = async () => {
    await mkdir(options.dataDirectory, { recursive: true })
    await writeFile(file, JSON.stringify(memory), { mode: 0o600 })
  }
  await remember()
  const client = openDemoClient(options.url, memory.key)
  const journeyId = memory.journeyId ?? (await setUp(client, options.sandbox))
  memory.journeyId = journeyId
  await remember()
  await tellSandbox(client, options.sandbox)

  const story = openStory(options.write)
  const people = new Map<string, Person>()
  watch(client, journeyId, people, story)
  const run = Date.now().toString(36)
  const most = options.people ?? 300
  const timers = new Set<NodeJS.Timeout>()
  const later = (delay: number, work: () => Promise<unknown>) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work().catch((error: unknown) => options.write(`  the demo's client: ${error instanceof Error ? error.message : String(error)}`))
    }, delay)
    timers.add(timer)
  }
  const arrive = async (n: number): Promise<void> => {
    if (n < most) later(options.every ?? 1_500, () => arrive(n + 1))
    const one = person(n, run)
    people.set(one.externalId, one)
    await come(client, one)
    story.say(one.name, `put a ${one.item} into ${one.cartId}`)
    const buysAfter = { 'buys at once': 1_000, 'buys after the push': 6_500 }[one.habit as string]
    if (buysAfter !== undefined) {
      later(buysAfter, async () => {
        await client.run(INGEST, { events: [event(one, 'order.placed', { cartId: one.cartId, total: one.total })] })
        story.say(one.name, `bought it for ${one.total.toFixed(2)}`)
      })
    }
  }
  later(0, () => arrive(0))
  return {
    key: memory.key,
    journeyId,
    async stop() {
      for (const timer of timers) clearTimeout(timer)
      await client.close()
    },
  }
}

async function setUp(client: DemoClient, sandbox: Sandbox): Promise<string> {
  const accounts = sandboxCredentials('demo')
  for (const provider of ['fcm', 'sendgrid', 'twilio', 'webpush', 'meta'] as const) {
    const { credentials, settings } = accounts[provider]
    const { connectProvider } = await client.run<{ connectProvider: { connection: { id: string } } }>(CONNECT, {
      input: { provider, name: `Sandbox ${provider}`, credentials, settings, baseUrl: sandbox.url, idempotencyKey: `demo-${provider}` },
    })
    // So that a journey drawn in the demo may use the sandbox's templates.
    if (provider === 'meta') await client.run(SYNC, { id: connectProvider.connection.id })
  }
  // Stands in for SendGrid: it has no base URL, only a host and a port.
  const { credentials, settings } = accounts.smtp
  await client.run(CONNECT, {
    input: { provider: 'smtp', name: 'Sandbox smtp', credentials, settings: { ...settings, port: sandbox.smtpPort }, idempotencyKey: 'demo-smtp' },
  })
  const ids: Record<string, string> = {}
  for (const [key, { name, channel, content }] of Object.entries(TEMPLATES)) {
    const { createTemplate } = await client.run<{ createTemplate: { template: { id: string } } }>(TEMPLATE, {
      input: { name, channel, variants: [{ locale: 'en', content }], idempotencyKey: `demo-template-${key}` },
    })
    ids[key] = createTemplate.template.id
  }
  const graph = abandonedCart({ push: ids.push ?? '', email: ids.email ?? '', sms: ids.sms ?? '' })
  const { createJourney } = await client.run<{ createJourney: { journey: { id: string } } }>(JOURNEY, {
    input: { name: 'Abandoned cart', description: 'Hours are seconds here.', graph, idempotencyKey: 'demo-journey' },
  })
  await client.run(PUBLISH, { input: { id: createJourney.journey.id, idempotencyKey: 'demo-publish' } })
  return createJourney.journey.id
}

/** The sandbox calls back where the API says it wants to be called. */
async function tellSandbox(client: DemoClient, sandbox: Sandbox): Promise<void> {
  const accounts = sandboxCredentials('demo')
  const account: Record<string, string> = {
    sendgrid: accounts.sendgrid.credentials.apiKey,
    twilio: accounts.twilio.credentials.accountSid,
    meta: accounts.meta.settings.phoneNumberId,
  }
  const { providerConnections } = await client.run<{ providerConnections: { provider: string; callbackUrl: string }[] }>(
    '{ providerConnections { provider callbackUrl } }',
  )
  for (const { provider, callbackUrl } of providerConnections) {
    if (provider === 'sendgrid' || provider === 'twilio' || provider === 'meta')
      sandbox.connect({ provider, account: account[provider] ?? '', callbackUrl })
  }
}

async function come(client: DemoClient, one: Person): Promise<void> {
  const contact = { externalId: one.externalId }
  await client.run(CONTACT, { input: { contact, attributes: { firstName: one.name, habit: one.habit }, timeZone: 'Europe/Berlin' } })
  for (const [channel, address] of [
    ['EMAIL', one.email],
    ['SMS', one.phone],
    ['PUSH', one.token],
  ] as const)
    await client.run(IDENTITY, { input: { contact, channel, address } })
  for (const channel of ['EMAIL', 'SMS'] as const)
    await client.run(CONSENT, { input: { contact, channel, state: 'GRANTED', purpose: 'Cart reminders', source: 'Demo shop sign-up' } })
  await client.run(INGEST, { events: [event(one, 'cart.item_added', { cartId: one.cartId, item: one.item, total: one.total })] })
}

const event = (one: Person, name: string, properties: object) => ({
  messageId: `${one.externalId}-${name}`,
  name,
  contact: { externalId: one.externalId },
  properties,
})

function watch(client: DemoClient, journeyId: string, people: ReadonlyMap<string, Person>, story: ReturnType<typeof openStory>): void {
  const told = new Map<string, string>()
  client.subscribe<{ messageUpdated: LiveMessage }>(MESSAGES, { journeyId }, ({ messageUpdated: message }) => {
    const one = people.get(message.contact.externalId ?? '')
    const text = describeMessage(message.channel, message.status, message.engagement, message.failure?.code ?? null)
    if (one === undefined || text === null || told.get(message.id) === text) return
    told.set(message.id, text)
    story.say(one.name, text)
    // FCM reports nothing after accepting: the app on the phone does.
    if (message.channel === 'PUSH' && message.status === 'SENT' && message.engagement.length === 0 && one.habit === 'opens the push') {
      void client.run(REPORT, { input: { id: message.id, status: 'OPENED' } }).catch(() => {})
    }
  })
  client.subscribe<{ enrollmentChanged: LiveEnrollment }>(ENROLLMENTS, { journeyId }, ({ enrollmentChanged: enrollment }) => {
    const one = people.get(enrollment.contact.externalId ?? '')
    const text = {
      CONVERTED: 'converted: what was planned is called off',
      COMPLETED: 'is through',
      EXITED: `left: ${enrollment.endReason}`,
      FAILED: `failed: ${enrollment.endReason}`,
    }[enrollment.state as string]
    if (one === undefined || text === undefined || told.has(one.cartId)) return
    told.set(one.cartId, text)
    story.say(one.name, text)
  })
  client.subscribe<{ journeyProgress: { stats: Parameters<typeof story.totals>[0] } }>(PROGRESS, { journeyId }, ({ journeyProgress }) =>
    story.totals(journeyProgress.stats),
  )
}

interface LiveMessage {
  id: string
  channel: string
  status: string
  engagement: string[]
  failure: { code: string } | null
  contact: { externalId: string | null }
}
interface LiveEnrollment {
  state: string
  endReason: string | null
  contact: { externalId: string | null }
}

const CONNECT = 'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id } userErrors { message path } } }'
const SYNC = 'mutation ($id: ID!) { syncWhatsappTemplates(input: { connectionId: $id }) { count userErrors { message path } } }'
const TEMPLATE = 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message path } } }'
const JOURNEY = 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message path } } }'
const PUBLISH = 'mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { id } userErrors { message path } } }'
const CONTACT = 'mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { contact { id } userErrors { message path } } }'
const IDENTITY = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { contact { id } userErrors { message path } } }'
const CONSENT = 'mutation ($input: SetConsentInput!) { setConsent(input: $input) { contact { id } userErrors { message path } } }'
const INGEST = 'mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted rejected { message } } }'
const REPORT = 'mutation ($input: ReportMessageInput!) { reportMessage(input: $input) { message { id } userErrors { message path } } }'
const MESSAGES =
  'subscription ($journeyId: ID) { messageUpdated(journeyId: $journeyId) { id channel status engagement failure { code } contact { externalId } } }'
const ENROLLMENTS = 'subscription ($journeyId: ID) { enrollmentChanged(journeyId: $journeyId) { state endReason contact { externalId } } }'
const PROGRESS =
  'subscription ($journeyId: ID!) { journeyProgress(journeyId: $journeyId) { stats { started active converted completed dropped revenue } } }'
