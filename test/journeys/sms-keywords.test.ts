import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Journey: people text words of their own and built-in ones, in any language, and robots text back. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  await set({ action: 'HELP', keywords: [], replies: texts('Ask us at help@shop.example', 'Fragen an help@shop.example') })
  await set({
    action: 'REPLY',
    keywords: ['hours', 'öffnungszeiten'],
    replies: texts('{{ contact.name }}, we open at 9', '{{ contact.name }}, ab 9'),
  })
  await set({ action: 'OPT_OUT', keywords: [], replies: texts('You will hear no more of us', 'Sie hören nichts mehr von uns') })
})
afterAll(() => stage.close())

const { accountSid } = sandboxCredentials('story').twilio.credentials
const texts = (en: string, de: string) => [
  { locale: 'en', text: en },
  { locale: 'de', text: de },
]

async function set(input: object): Promise<void> {
  const answer = await stage.client.run<{ setKeywordRule: { userErrors: unknown[] } }>(
    'mutation ($input: SetKeywordRuleInput!) { setKeywordRule(input: $input) { userErrors { message path } } }',
    { input: { channel: 'SMS', ...input } },
  )
  expect(answer.setKeywordRule.userErrors).toEqual([])
}

/** Somebody the sandbox lets do nothing by itself. */
async function person(externalId: string, number: string, locale: string): Promise<void> {
  stage.sandbox.script(number, 'ignorer')
  await stage.contact(externalId, { sms: number })
  await stage.client.run('mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { userErrors { message path } } }', {
    input: { contact: { externalId }, attributes: { name: externalId }, locale },
  })
}

const write = (number: string, text: string) => stage.sandbox.inbound({ account: accountSid, from: number, to: '+15005550006', text })
const sentTo = (number: string) =>
  stage.sandbox.log
    .entries()
    .flatMap(({ provider, outcome, to, text }) => (provider === 'twilio' && outcome === 'accepted' && to === number ? [text] : []))
const answered = (number: string, n: number) =>
  until(async () => {
    const sent = sentTo(number)
    return sent.length >= n ? sent : null
  })

interface Look {
  contact: {
    consents: { channel: string | null; state: string }[]
    events: { edges: { node: { name: string; properties: { text: string; keyword: string | null } } }[] }
  }
}
async function look(externalId: string) {
  const { contact } = await stage.client.run<Look>(
    `query ($ref: ContactRef!) { contact(ref: $ref) { consents { channel state } events(first: 20) { edges { node { name properties } } } } }`,
    { ref: { externalId } },
  )
  return contact
}
/** Waits until everything written has been folded. */
const heard = (externalId: string, n: number) =>
  until(async () => {
    const found = (await look(externalId)).events.edges.map(({ node }) => node).filter(({ name }) => name === 'sms.message.received')
    return found.length >= n ? found : null
  })

test('HELP and a word of the shop’s own are answered in the reader’s language', async () => {
  await person('Ada', '+14155553104', 'en-GB')
  await person('Bea', '+14155553204', 'de-AT')
  write('+14155553104', 'Help!')
  write('+14155553104', 'HOURS')
  write('+14155553204', 'hilfe')
  write('+14155553204', 'Öffnungszeiten')
  expect((await answered('+14155553104', 2)).sort()).toEqual(['Ada, we open at 9', 'Ask us at help@shop.example'])
  expect((await answered('+14155553204', 2)).sort()).toEqual(['Bea, ab 9', 'Fragen an help@shop.example'])
  expect((await heard('Bea', 2)).map(({ properties }) => properties.keyword).sort()).toEqual(['HELP', 'öffnungszeiten'])
  expect((await look('Ada')).consents).toEqual([{ channel: 'SMS', state: 'GRANTED' }])
})

test('STOP is understood in a language nobody expected, confirmed once, and ends the offers', async () => {
  await person('Cyd', '+14155553304', 'en')
  write('+14155553304', 'ОТПИСАТЬСЯ')
  expect(await answered('+14155553304', 1)).toEqual(['You will hear no more of us'])
  expect((await look('Cyd')).consents).toEqual([{ channel: 'SMS', state: 'WITHDRAWN' }])
  const templateId = await stage.template('SMS', { body: 'An offer' })
  const journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'subscribed' } } },
      { key: 'offer', config: { sms: { templateId, purpose: 'PROMOTIONAL' } } },
    ],
    edges: [{ from: 'start', port: 'next', to: 'offer' }],
  })
  await stage.event('Cyd', 'subscribed')
  expect((await stage.ended(journeyId, 'Cyd')).messages).toEqual([{ channel: 'SMS', status: 'SUPPRESSED', engagement: [] }])
  expect(sentTo('+14155553304')).toEqual(['You will hear no more of us'])
})

test('what holds a keyword and more is a reply that nobody answers', async () => {
  await person('Dan', '+14155553404', 'en')
  write('+14155553404', 'what are your hours?')
  write('+14155553404', 'hours')
  expect((await heard('Dan', 2)).map(({ properties }) => properties.keyword).sort()).toEqual(['hours', null])
  expect(await answered('+14155553404', 1)).toEqual(['Dan, we open at 9'])
})

test('a robot that sends our answers back comes to rest', async () => {
  await person('Robot', '+14155553504', 'en')
  for (let n = 1; n <= 6; n++) {
    write('+14155553504', 'hours')
    await heard('Robot', n)
  }
  for (const text of await answered('+14155553504', 1)) write('+14155553504', text ?? '')
  await heard('Robot', 7)
  expect(sentTo('+14155553504')).toEqual(['Robot, we open at 9'])
})
