import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** A mail reader unsubscribes in one click (RFC 8058): what advertises stops, the receipt still comes. */
let stage: Stage
let journeyId: string

beforeAll(async () => {
  stage = await openStage()
  const offer = await stage.template('EMAIL', { subject: 'An offer', html: '<p>Today</p>', text: 'Today' })
  const receipt = await stage.template('EMAIL', { subject: 'Your receipt', html: '<p>Paid</p>' })
  const text = await stage.template('SMS', { body: 'Another offer' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'subscribed' } } },
      { key: 'offer', config: { email: { templateId: offer } } },
      { key: 'pause', config: { wait: { events: [{ name: 'paid', event: 'order.paid' }], timeout: 'P1D' } } },
      { key: 'second', config: { email: { templateId: offer } } },
      { key: 'receipt', config: { email: { templateId: receipt, purpose: 'TRANSACTIONAL' } } },
      { key: 'text', config: { sms: { templateId: text } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'offer' },
      { from: 'offer', port: 'next', to: 'pause' },
      { from: 'pause', port: 'paid', to: 'second' },
      { from: 'second', port: 'next', to: 'receipt' },
      { from: 'receipt', port: 'next', to: 'text' },
    ],
  })
})
afterAll(() => stage.close())

const mails = (address: string) => stage.sandbox.log.entries().filter((entry) => entry.to === address)

/** The mail's own address for unsubscribing, as a mail program reads it. */
async function offerTo(externalId: string, address: string, sms: string): Promise<string> {
  await stage.contact(externalId, { email: address, sms })
  await stage.event(externalId, 'subscribed')
  const headers = await until(async () => mails(address)[0]?.headers)
  expect(headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click')
  const url = /^<(https?:\/\/[^>]+)>$/.exec(headers['List-Unsubscribe'] ?? '')?.[1]
  return url ?? expect.fail(`no address in ${headers['List-Unsubscribe']}`)
}

/** RFC 8058, 3.1: a POST with this one field and nothing of a login. */
const oneClick = (url: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' })

interface Consent {
  channel: string | null
  state: string
}
async function consents(externalId: string): Promise<Consent[]> {
  const answer = await stage.client.run<{ contact: { consents: Consent[] } }>(
    'query ($ref: ContactRef!) { contact(ref: $ref) { consents { channel state } } }',
    { ref: { externalId } },
  )
  return answer.contact.consents.sort((a, b) => ((a.channel ?? '') < (b.channel ?? '') ? -1 : 1))
}

test('one click ends the offers by mail, says so in the trace, and leaves receipts and texts alone', async () => {
  const url = await offerTo('ada', 'ignorer.41@mail.example', '+14155552104')
  expect((await oneClick(url)).status).toBe(200)
  // A second click, or a retry of the mail program, is no fault.
  expect((await oneClick(url)).status).toBe(200)
  await stage.event('ada', 'order.paid')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect({ state: end.state, path: end.path }).toEqual({
    state: 'COMPLETED',
    path: ['start:next', 'offer:next', 'pause:paid', 'second:suppressed', 'receipt:next', 'text:next'],
  })
  expect(end.messages.map(({ nodeKey, status, failure }) => [nodeKey, status === 'SUPPRESSED' ? failure?.code : 'sent'])).toEqual([
    ['offer', 'sent'],
    ['second', 'consent_withdrawn'],
    ['receipt', 'sent'],
    ['text', 'sent'],
  ])
  expect(end.trace.filter((each) => each.code === 'message_suppressed')).toMatchObject([
    { node: 'second', data: { reason: 'consent_withdrawn', channel: 'EMAIL' } },
  ])
  expect(await consents('ada')).toEqual([
    { channel: 'EMAIL', state: 'WITHDRAWN' },
    { channel: 'SMS', state: 'GRANTED' },
  ])
  const [first, receipt, ...more] = mails('ignorer.41@mail.example')
  expect([first?.subject, receipt?.subject, more]).toEqual(['An offer', 'Your receipt', []])
  expect(first?.text).toContain(url)
  expect(receipt?.headers).not.toHaveProperty('List-Unsubscribe')
})

test('looking at the page, or a link that was tampered with, unsubscribes nobody', async () => {
  const url = await offerTo('bob', 'ignorer.42@mail.example', '+14155552204')
  const page = await fetch(url)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<form method="post">')])
  expect((await oneClick(`${url.slice(0, -1)}${url.endsWith('A') ? 'B' : 'A'}`)).status).toBe(404)
  await stage.event('bob', 'order.paid')
  const end = await seen(stage, journeyId, 'bob', hasEnded)
  expect(end.path).toContain('second:next')
  expect((await consents('bob'))[0]).toEqual({ channel: 'EMAIL', state: 'GRANTED' })
})

test('the provider’s own unsubscribe does the same', async () => {
  await offerTo('cyd', 'unsubscriber.43@mail.example', '+14155552304')
  await until(async () => (await consents('cyd'))[0]?.state === 'WITHDRAWN')
  await stage.event('cyd', 'order.paid')
  expect((await seen(stage, journeyId, 'cyd', hasEnded)).path).toContain('second:suppressed')
})
