import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sandbox } from '../sandbox/control.ts'
import { type DemoClient, openDemoClient } from './client.ts'
import type { DemoJourney } from './journeys.ts'
import { type Deed, type Person, person } from './people.ts'
import { ACCOUNTS, connectProviders, makeJourney, tellSandbox } from './set-up.ts'
import type { Shop } from './shop.ts'
import { openStory } from './story.ts'
import { watch } from './watch.ts'

/** What a start leaves for the next one. */
interface Memory {
  key: string
  /** Ids by the journeys' names; absent until the providers are connected. */
  journeys?: Record<string, string>
}

export interface DemoOptions {
  url: string
  sandbox: Sandbox
  shop: Shop
  dataDirectory: string
  journey: DemoJourney
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
  /** Every shipped journey. */
  catalogue: readonly { key: string; title: string }[]
  stop(): Promise<void>
}

const DAY_SECONDS = 86_400

async function readMemory(file: string): Promise<Memory | null> {
  return readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Memory)
    .catch(() => null)
}

/** Sets up through the GraphQL API what is not there yet, then lets people come: everything here is an integrator's code. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { sandbox, shop, journey } = options
  const file = join(options.dataDirectory, 'demo.json')
  const memory: Memory = (await readMemory(file)) ?? { key: await options.createWorkspace() }
  const remember = async () => {
    await mkdir(options.dataDirectory, { recursive: true })
    await writeFile(file, JSON.stringify(memory), { mode: 0o600 })
  }
  await remember()
  const client = openDemoClient(options.url, memory.key)
  if (memory.journeys === undefined) {
    await connectProviders(client, sandbox)
    memory.journeys = {}
  }
  const journeyId = memory.journeys[journey.key] ?? (await makeJourney(client, journey, shop.url))
  memory.journeys[journey.key] = journeyId
  await remember()
  await tellSandbox(client, sandbox)
  const { journeyTemplates: catalogue } = await client.run<{ journeyTemplates: { key: string; title: string }[] }>(
    '{ journeyTemplates { key title } }',
  )

  const story = openStory(options.write)
  const people = new Map<string, Person>()
  watch(client, journeyId, people, story)
  shop.onTold((path, body) => story.say('the shop', `was told at ${path}: ${body}`))
  const run = Date.now().toString(36)
  const most = options.people ?? 300
  const timers = new Set<NodeJS.Timeout>()
  let stopped = false
  const later = (delay: number, work: () => Promise<unknown>) => {
    if (stopped) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      work().catch((error: unknown) => {
        // What was under way at the end is cut short.
        if (!stopped) options.write(`  the demo's client: ${error instanceof Error ? error.message : String(error)}`)
      })
    }, delay)
    timers.add(timer)
  }
  const arrive = async (n: number): Promise<void> => {
    if (n < most) later(options.every ?? 1_500, () => arrive(n + 1))
    const one = person(n, run, journey.habits)
    people.set(one.externalId, one)
    sandbox.script(one.phone, one.habit.as?.phone ?? 'ignorer')
    await introduce(client, one)
    for (const [nth, deed] of one.habit.does.entries())
      later(deed.after * 1_000, async () => {
        story.say(one.name, typeof deed.says === 'string' ? deed.says : deed.says(one))
        await act(client, options, journeyId, one, deed, nth)
      })
  }
  later(0, () => arrive(0))
  return {
    key: memory.key,
    journeyId,
    catalogue,
    async stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await client.close()
    },
  }
}

/** The shop gets to know somebody, who allows it everything. */
async function introduce(client: DemoClient, one: Person): Promise<void> {
  const contact = { externalId: one.externalId }
  await client.run(CONTACT, { input: { contact, attributes: { firstName: one.name }, timeZone: 'Europe/Berlin' } })
  for (const [channel, address] of [
    ['EMAIL', one.email],
    ['SMS', one.phone],
    ['WHATSAPP', one.phone],
    ['PUSH', one.token],
  ] as const) {
    await client.run(IDENTITY, { input: { contact, channel, address } })
    await client.run(CONSENT, { input: { contact, channel, state: 'GRANTED', purpose: 'News of the shop', source: 'Demo shop sign-up' } })
  }
}

async function act(client: DemoClient, { sandbox, journey }: DemoOptions, journeyId: string, one: Person, deed: Deed, nth: number): Promise<void> {
  const contact = { externalId: one.externalId }
  if ('launch' in deed) {
    await client.run(LAUNCH, { input: { journeyId, contacts: [contact] } })
  } else if ('writes' in deed) {
    sandbox.inbound({ provider: 'meta', account: ACCOUNTS.meta.settings.phoneNumberId, from: one.phone, to: '', text: deed.writes })
  } else {
    const ago = (deed.daysAgo ?? 0) * (journey.secondsPerDay ?? DAY_SECONDS) * 1_000
    const occurredAt = new Date(Date.now() - ago).toISOString()
    const properties = deed.properties?.(one) ?? {}
    await client.run(INGEST, { events: [{ messageId: `${one.externalId}-${nth}`, name: deed.event, contact, occurredAt, properties }] })
  }
}

const CONTACT = 'mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { contact { id } userErrors { message path } } }'
const IDENTITY = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { contact { id } userErrors { message path } } }'
const CONSENT = 'mutation ($input: SetConsentInput!) { setConsent(input: $input) { contact { id } userErrors { message path } } }'
const INGEST = 'mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted rejected { message } } }'
const LAUNCH = 'mutation ($input: EnrollContactsInput!) { enrollContacts(input: $input) { accepted userErrors { message path } } }'
