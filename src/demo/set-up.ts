import { sandboxCredentials } from '../sandbox/accounts.ts'
import type { Sandbox } from '../sandbox/control.ts'
import { abandonedCart, TEMPLATES } from './abandoned-cart.ts'
import type { DemoClient } from './client.ts'
import type { DemoJourney } from './journeys.ts'

/** The accounts of the sandbox that the demo's people are written to from. */
export const ACCOUNTS = sandboxCredentials('demo')

/** Connects every provider's stand-in; once for a workspace. */
export async function connectProviders(client: DemoClient, sandbox: Sandbox): Promise<void> {
  for (const provider of ['fcm', 'sendgrid', 'twilio', 'webpush', 'meta'] as const) {
    const { credentials, settings } = ACCOUNTS[provider]
    const { connectProvider } = await client.run<{ connectProvider: { connection: { id: string } } }>(CONNECT, {
      input: { provider, name: `Sandbox ${provider}`, credentials, settings, baseUrl: sandbox.url, idempotencyKey: `demo-${provider}` },
    })
    // So that a journey drawn in the demo may use the sandbox's templates.
    if (provider === 'meta') await client.run(SYNC, { id: connectProvider.connection.id })
  }
  // Stands in for SendGrid: it has no base URL, only a host and a port.
  const { credentials, settings } = ACCOUNTS.smtp
  await client.run(CONNECT, {
    input: { provider: 'smtp', name: 'Sandbox smtp', credentials, settings: { ...settings, port: sandbox.smtpPort }, idempotencyKey: 'demo-smtp' },
  })
}

/** The sandbox calls back where the API says it wants to be called. */
export async function tellSandbox(client: DemoClient, sandbox: Sandbox): Promise<void> {
  const account: Record<string, string> = {
    sendgrid: ACCOUNTS.sendgrid.credentials.apiKey,
    twilio: ACCOUNTS.twilio.credentials.accountSid,
    meta: ACCOUNTS.meta.settings.phoneNumberId,
  }
  const { providerConnections } = await client.run<{ providerConnections: { provider: string; callbackUrl: string }[] }>(
    '{ providerConnections { provider callbackUrl } }',
  )
  for (const { provider, callbackUrl } of providerConnections) {
    if (provider === 'sendgrid' || provider === 'twilio' || provider === 'meta')
      sandbox.connect({ provider, account: account[provider] ?? '', callbackUrl })
  }
}

/** Makes the journey and publishes it; answers its id. What it calls and fetches is the shop's. */
export async function makeJourney(client: DemoClient, { key, secondsPerDay }: DemoJourney, shopUrl: string): Promise<string> {
  const id = secondsPerDay === undefined ? await drawCart(client) : await fromTemplate(client, key, secondsPerDay, shopUrl)
  await client.run(PUBLISH, { input: { id, idempotencyKey: `demo-publish-${key}` } })
  return id
}

async function fromTemplate(client: DemoClient, key: string, secondsPerDay: number, shopUrl: string): Promise<string> {
  const { journeyTemplates } = await client.run<{ journeyTemplates: { key: string; parameters: { name: string }[] }[] }>(
    '{ journeyTemplates { key parameters { name } } }',
  )
  const parameters = journeyTemplates.find((each) => each.key === key)?.parameters.map(({ name }) => ({ name, value: `${shopUrl}/${name}` }))
  const { createJourneyFromTemplate } = await client.run<{ createJourneyFromTemplate: { journey: { id: string } } }>(FROM_TEMPLATE, {
    input: { key, secondsPerDay, parameters, idempotencyKey: `demo-${key}` },
  })
  return createJourneyFromTemplate.journey.id
}

/** Also shows how one draws a journey without a template. */
async function drawCart(client: DemoClient): Promise<string> {
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
  return createJourney.journey.id
}

const CONNECT = 'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id } userErrors { message path } } }'
const SYNC = 'mutation ($id: ID!) { syncWhatsappTemplates(input: { connectionId: $id }) { count userErrors { message path } } }'
const TEMPLATE = 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message path } } }'
const JOURNEY = 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message path } } }'
const FROM_TEMPLATE =
  'mutation ($input: CreateJourneyFromTemplateInput!) { createJourneyFromTemplate(input: $input) { journey { id } userErrors { message path } } }'
const PUBLISH = 'mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { id } userErrors { message path } } }'
