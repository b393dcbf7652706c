import { type DemoClient, openDemoClient } from '../../src/demo/client.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Stage } from './stage.ts'

const accounts = sandboxCredentials('story')
let made = 0

/** Makes a journey of a shipped template, as it comes but for its addresses and how long a day lasts, and publishes it; answers its id. */
export async function publishReference(
  stage: Stage,
  key: string,
  { secondsPerDay = 86_400, parameters = {} }: { secondsPerDay?: number; parameters?: Record<string, string> } = {},
): Promise<string> {
  const { createJourneyFromTemplate: created } = await stage.client.run<{ createJourneyFromTemplate: { journey: { id: string } } }>(
    'mutation ($input: CreateJourneyFromTemplateInput!) { createJourneyFromTemplate(input: $input) { journey { id } userErrors { message path } } }',
    { input: { key, name: `Reference ${made++}`, secondsPerDay, parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) } },
  )
  const { id } = created.journey
  await stage.client.run('mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { id } userErrors { message path } } }', {
    input: { id },
  })
  return id
}

/** Nobody enters it any more. */
export async function archiveReference(stage: Stage, id: string): Promise<void> {
  await stage.client.run('mutation ($id: ID!) { archiveJourney(input: { id: $id }) { userErrors { message path } } }', { id })
}

/** WhatsApp by Meta, with the templates it has approved. */
export async function connectWhatsapp(stage: Stage): Promise<void> {
  const { credentials, settings } = accounts.meta
  const answer = await stage.client.run<{ connectProvider: { connection: { id: string; callbackUrl: string } } }>(
    'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id callbackUrl } userErrors { message path } } }',
    { input: { provider: 'meta', name: 'meta', credentials, settings, baseUrl: stage.sandbox.url } },
  )
  const { id, callbackUrl } = answer.connectProvider.connection
  stage.sandbox.connect({ provider: 'meta', account: settings.phoneNumberId, callbackUrl })
  await stage.client.run('mutation ($id: ID!) { syncWhatsappTemplates(input: { connectionId: $id }) { count userErrors { message } } }', { id })
}

/** A person writes to the WhatsApp number. */
export const writes = (stage: Stage, from: string, text: string): void =>
  stage.sandbox.inbound({ provider: 'meta', account: accounts.meta.settings.phoneNumberId, from, to: '', text })

/** Launches a journey for these contacts. */
export async function launch(stage: Stage, journeyId: string, ...externalIds: string[]): Promise<void> {
  await stage.client.run('mutation ($input: EnrollContactsInput!) { enrollContacts(input: $input) { accepted userErrors { message path } } }', {
    input: { journeyId, contacts: externalIds.map((externalId) => ({ externalId })) },
  })
}

/** An event of some while ago, for who has been silent since. */
export async function longAgo(stage: Stage, externalId: string, name: string, seconds: number): Promise<void> {
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
    events: [{ messageId: `ago-${made++}`, name, contact: { externalId }, occurredAt: new Date(Date.now() - seconds * 1_000).toISOString() }],
  })
}

/** Events of one contact in one call, in their order, so that no clock runs out between them. */
export async function atOnce(stage: Stage, externalId: string, ...events: readonly (readonly [name: string, properties: object])[]): Promise<void> {
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
    events: events.map(([name, properties]) => ({ messageId: `once-${made++}`, name, contact: { externalId }, properties })),
  })
}

/** What the provider took for an address, in order. */
export const got = (stage: Stage, to: string): string[] =>
  stage.sandbox.log.entries().flatMap((entry) => (entry.to === to && entry.outcome === 'accepted' ? [entry.text ?? ''] : []))

export interface App {
  client: DemoClient
  /** Titles of what it shows, with how often each was changed in place. */
  shown(): Promise<{ title: string; key: string | null; revision: number }[]>
}

/** A session of the contact's own app. Its client is the caller's to close. */
export async function openApp(stage: Stage, externalId: string): Promise<App> {
  const { issueContactToken } = await stage.client.run<{ issueContactToken: { token: string } }>(
    'mutation ($contact: ContactRef!) { issueContactToken(input: { contact: $contact }) { token userErrors { message path } } }',
    { contact: { externalId } },
  )
  const client = openDemoClient(stage.url, issueContactToken.token)
  return {
    client,
    async shown() {
      const answer = await client.run<{ inAppMessages: { edges: { node: { title: string; key: string | null; revision: number } }[] } }>(
        '{ inAppMessages { edges { node { title key revision } } } }',
      )
      return answer.inAppMessages.edges.map(({ node }) => node).sort((a, b) => ((a.key ?? a.title) < (b.key ?? b.title) ? -1 : 1))
    },
  }
}
