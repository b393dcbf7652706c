import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { hasEnded, type Seen, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Mail as people get it: made of MJML or blocks, with files, through one provider or the one that stands in. */
let files: Server
let stage: Stage
let filesUrl: string
const fetched: string[] = []

beforeAll(async () => {
  files = createServer((request, response) => {
    fetched.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/pdf' }).end(`%PDF of ${request.url}`)
  })
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done))
  filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  stage = await openStage([new URL(filesUrl).host])
  const { credentials, settings } = sandboxCredentials('story').smtp
  const input = { provider: 'smtp', name: 'Stand-in', credentials, settings: { ...settings, port: stage.sandbox.smtpPort } }
  await stage.client.run(
    'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { priority } userErrors { message } } }',
    { input },
  )
})
beforeEach(() => stage.sandbox.clearFaults())
afterAll(async () => {
  await stage.close()
  files.closeAllConnections()
  files.close()
})

const mailOf = (templateId: string, event: string, purpose = 'TRANSACTIONAL') =>
  stage.journey({
    settings: { purpose },
    nodes: [
      { key: 'start', config: { eventTrigger: { event } } },
      { key: 'mail', config: { email: { templateId } } },
    ],
    edges: [{ from: 'start', port: 'next', to: 'mail' }],
  })
const wire = (address: string) => stage.sandbox.log.entries().filter((entry) => entry.to === address)
async function sentThrough(one: Seen): Promise<{ attempt: number; status: string; connection: { provider: string; name: string } }> {
  const answer = await stage.client.run<{ message: { attempt: number; status: string; connection: { provider: string; name: string } } }>(
    'query ($id: ID!) { message(id: $id) { attempt status connection { provider name } } }',
    { id: one.messages[0]?.id },
  )
  return answer.message
}
async function health(provider: string): Promise<{ state: string; failures: number; lastFault: { code: string } | null }> {
  const answer = await stage.client.run<{
    providerConnections: { provider: string; health: { state: string; failures: number; lastFault: { code: string } | null } }[]
  }>('{ providerConnections { provider health { state failures lastFault { code } } } }')
  const found = answer.providerConnections.find((each) => each.provider === provider)
  if (found === undefined) throw new Error(`${provider} is not connected`)
  return found.health
}

/** What a connection was told to wait for is over. */
async function timePasses(): Promise<void> {
  const client = new pg.Client({ connectionString: stage.databaseUrl })
  await client.connect()
  await client.query('UPDATE provider_circuit SET open_until = now()')
  await client.end()
}

test('a mail of MJML with an uploaded file and one fetched for its reader arrives through the first provider', async () => {
  const upload = await stage.client.run<{ uploadAttachment: { attachment: { file: string } } }>(
    'mutation ($input: UploadAttachmentInput!) { uploadAttachment(input: $input) { attachment { file } userErrors { message } } }',
    { input: { name: 'Terms.pdf', contentType: 'application/pdf', base64: Buffer.from('%PDF terms').toString('base64') } },
  )
  const templateId = await stage.template('EMAIL', {
    subject: 'Your order {{ event.order }}',
    mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>Thank you for {{ event.what }}.</mj-text><mj-button href="https://shop.example/orders/{{ event.order }}">Look</mj-button></mj-column></mj-section></mj-body></mjml>',
    attachments: [
      { file: upload.uploadAttachment.attachment.file },
      { url: `${filesUrl}/invoices/{{ event.order }}`, name: 'Invoice {{ event.order }}.pdf' },
    ],
  })
  const id = await mailOf(templateId, 'ordered')
  await stage.contact('buyer', { email: 'ignorer.201@mail.example' })
  await stage.event('buyer', 'ordered', { order: 'A-7', what: 'socks & <shoes>' })
  const end = await seen(stage, id, 'buyer', (one) => one.messages[0]?.status === 'DELIVERED')
  const [entry, ...more] = wire('ignorer.201@mail.example')
  expect(more).toEqual([])
  expect(entry).toMatchObject({
    provider: 'sendgrid',
    outcome: 'accepted',
    subject: 'Your order A-7',
    attachments: [
      { name: 'Terms.pdf', contentType: 'application/pdf', size: 10 },
      { name: 'Invoice A-7.pdf', contentType: 'application/pdf', size: '%PDF of /invoices/A-7'.length },
    ],
  })
  expect(entry?.text).toMatch(/^<!doctype html>/)
  expect(fetched).toEqual(['/invoices/A-7'])
  expect(await sentThrough(end)).toEqual({ attempt: 1, status: 'DELIVERED', connection: { provider: 'sendgrid', name: 'sendgrid' } })
})

test('blocks are shown to whom they are for', async () => {
  const templateId = await stage.template('EMAIL', {
    subject: 'News',
    blocks: [
      { type: 'text', text: 'For everybody.' },
      { type: 'text', text: 'For gold alone.', when: 'event.plan == "gold"' },
    ],
  })
  const id = await mailOf(templateId, 'news')
  await stage.contact('gold', { email: 'ignorer.202@mail.example' })
  await stage.contact('free', { email: 'ignorer.203@mail.example' })
  await stage.event('gold', 'news', { plan: 'gold' })
  await stage.event('free', 'news', { plan: 'free' })
  await seen(stage, id, 'gold', hasEnded)
  await seen(stage, id, 'free', hasEnded)
  const preview = await stage.client.run<{ previewTemplate: { content: { text: string } } }>(
    'query ($id: ID!, $data: JSONObject!) { previewTemplate(id: $id, data: $data) { content } }',
    { id: templateId, data: { event: { plan: 'gold' } } },
  )
  expect(preview.previewTemplate.content.text).toBe('For everybody.\n\nFor gold alone.')
  const shown = (address: string) => wire(address).map((entry) => entry.subject)
  expect([shown('ignorer.202@mail.example'), shown('ignorer.203@mail.example')]).toEqual([['News'], ['News']])
})

describe('a provider that turns mail away', () => {
  let templateId: string
  beforeAll(async () => {
    templateId = await stage.template('EMAIL', { subject: 'Receipt', html: '<p>Thank you</p>' })
  })

  test('for want of credentials: the mail goes out once, through the one that stands in, and so does all that follows', async () => {
    const id = await mailOf(templateId, 'paid')
    stage.sandbox.fault({ kind: 'status', provider: 'sendgrid', status: 401 })
    await stage.contact('payer', { email: 'ignorer.204@mail.example' })
    await stage.event('payer', 'paid')
    const end = await seen(stage, id, 'payer', hasEnded)
    expect(wire('ignorer.204@mail.example').map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['sendgrid', 'lost'],
      ['smtp', 'accepted'],
    ])
    expect(await sentThrough(end)).toEqual({ attempt: 2, status: 'SENT', connection: { provider: 'smtp', name: 'Stand-in' } })
    expect(await health('sendgrid')).toEqual({ state: 'OPEN', failures: 1, lastFault: { code: 'AUTH' } })
    expect(await health('smtp')).toEqual({ state: 'CLOSED', failures: 0, lastFault: null })

    await stage.contact('next', { email: 'ignorer.205@mail.example' })
    await stage.contact('gone', { email: 'bouncer.206@mail.example' })
    await stage.event('next', 'paid')
    await stage.event('gone', 'paid')
    expect(await sentThrough(await seen(stage, id, 'next', hasEnded))).toMatchObject({ attempt: 1, connection: { provider: 'smtp' } })
    expect((await seen(stage, id, 'gone', hasEnded)).messages).toMatchObject([{ attempt: 1, status: 'FAILED', failure: { code: '5.1.1' } }])
    const { contact } = await stage.client.run<{ contact: { identities: { status: string }[] } }>(
      'query ($ref: ContactRef!) { contact(ref: $ref) { identities { status } } }',
      { ref: { externalId: 'gone' } },
    )
    expect(contact.identities).toEqual([{ status: 'INVALID' }])
    expect(wire('ignorer.205@mail.example').map(({ provider }) => provider)).toEqual(['smtp'])

    // The key is mended, and the operator does not wait.
    stage.sandbox.clearFaults()
    const { providerConnections } = await stage.client.run<{ providerConnections: { id: string; provider: string }[] }>(
      '{ providerConnections { id provider } }',
    )
    const connection = providerConnections.find((each) => each.provider === 'sendgrid')?.id
    for (const enabled of [false, true])
      await stage.client.run(
        'mutation ($input: UpdateConnectionInput!) { updateConnection(input: $input) { connection { id } userErrors { message } } }',
        {
          input: { id: connection, enabled },
        },
      )
    expect(await health('sendgrid')).toEqual({ state: 'CLOSED', failures: 0, lastFault: null })
  })

  test('for a time: the mail goes out once, through the one that stands in, and the first is tried again when the time is over', async () => {
    const id = await mailOf(templateId, 'shipped')
    stage.sandbox.fault({ kind: 'status', provider: 'sendgrid', status: 429, retryAfter: 600, times: 1 })
    await stage.contact('waiter', { email: 'ignorer.207@mail.example' })
    await stage.event('waiter', 'shipped')
    expect(await sentThrough(await seen(stage, id, 'waiter', hasEnded))).toMatchObject({ attempt: 2, connection: { provider: 'smtp' } })
    expect(wire('ignorer.207@mail.example').map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['sendgrid', 'lost'],
      ['smtp', 'accepted'],
    ])
    expect((await health('sendgrid')).state).toBe('OPEN')
    await timePasses()
    expect((await health('sendgrid')).state).toBe('HALF_OPEN')
    await stage.contact('later', { email: 'ignorer.208@mail.example' })
    await stage.event('later', 'shipped')
    expect(await sentThrough(await seen(stage, id, 'later', hasEnded))).toMatchObject({ attempt: 1, connection: { provider: 'sendgrid' } })
    await until(async () => (await health('sendgrid')).state === 'CLOSED')
    expect(await health('sendgrid')).toEqual({ state: 'CLOSED', failures: 0, lastFault: { code: 'RATE_LIMITED' } })
  })

  test('and leaves it in doubt: it is not sent again through the other', async () => {
    const id = await mailOf(templateId, 'doubted')
    stage.sandbox.fault({ kind: 'reset-before', provider: 'sendgrid', times: 1 })
    await stage.contact('doubter', { email: 'ignorer.209@mail.example' })
    await stage.event('doubter', 'doubted')
    const end = await seen(stage, id, 'doubter', hasEnded)
    expect(end.messages).toMatchObject([{ attempt: 1, status: 'UNKNOWN' }])
    expect(wire('ignorer.209@mail.example').map(({ provider, outcome }) => [provider, outcome])).toEqual([['sendgrid', 'lost']])
  })
})

test('somebody who calls a mail spam gets no other, not even a receipt', async () => {
  const templateId = await stage.template('EMAIL', { subject: 'Offer', html: '<p>Buy</p>' })
  const [offer, receipt] = [await mailOf(templateId, 'offered', 'PROMOTIONAL'), await mailOf(templateId, 'receipted')]
  await stage.contact('angry', { email: 'complainer.210@mail.example' })
  await stage.event('angry', 'offered')
  await seen(stage, offer, 'angry', hasEnded)
  const consents = () =>
    stage.client.run<{ contact: { consents: { channel: string; state: string }[] } }>(
      'query ($ref: ContactRef!) { contact(ref: $ref) { consents { channel state } } }',
      {
        ref: { externalId: 'angry' },
      },
    )
  await until(async () => (await consents()).contact.consents.some((each) => each.state === 'SUPPRESSED'))
  await stage.event('angry', 'receipted')
  expect((await seen(stage, receipt, 'angry', hasEnded)).messages).toMatchObject([{ status: 'SUPPRESSED' }])
  expect(wire('complainer.210@mail.example')).toHaveLength(1)
})
