import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Journey: an SMS with a short link, and a thank-you to whoever follows it. */
let stage: Stage
let journeyId: string
beforeAll(async () => {
  stage = await openStage()
  const offer = await stage.template('SMS', { body: 'Sale: https://shop.example/größe?id={{ event.item }}.', shortenLinks: true })
  const thanks = await stage.template('SMS', { body: 'Thank you' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'sale' } } },
      { key: 'offer', config: { sms: { templateId: offer, followUps: [{ on: 'CLICKED' }, { on: 'IGNORED', after: 'P1D' }] } } },
      { key: 'bye', config: { exit: {} } },
      { key: 'thanks', config: { sms: { templateId: thanks } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'offer' },
      { from: 'offer', port: 'clicked', to: 'thanks' },
      { from: 'offer', port: 'ignored', to: 'bye' },
    ],
  })
})
afterAll(() => stage.close())

interface Statuses {
  enrollments: { edges: { node: { messages: { statuses: { status: string; human: boolean | null }[] }[] } }[] }
}
const PERSON = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15'
const texts = (number: string) => stage.sandbox.log.entries().flatMap(({ to, text }) => (to === number ? [text ?? ''] : []))
const follow = (url: string, agent: string) => fetch(url, { redirect: 'manual', headers: { 'user-agent': agent } })

test('a machine that draws the link’s card moves nobody; the person who follows it is thanked', async () => {
  const number = '+14155554104'
  await stage.contact('ada', { sms: number })
  await stage.event('ada', 'sale', { item: 7 })
  const text = await until(async () => texts(number)[0])
  const [url = ''] = /http\S+\/s\/[\w-]{12}/.exec(text) ?? []
  expect(text).toBe(`Sale: ${url}.`)
  const seen = await follow(url, 'facebookexternalhit/1.1')
  expect([seen.status, seen.headers.get('location')]).toEqual([302, new URL('https://shop.example/größe?id=7').href])
  const clicks = async () => {
    const found = await stage.client.run<Statuses>(
      'query ($journeyId: ID!) { enrollments(journeyId: $journeyId, first: 20) { edges { node { messages { statuses { status human } } } } } }',
      { journeyId },
    )
    const lines = found.enrollments.edges.flatMap(({ node }) => node.messages.flatMap((message) => message.statuses))
    return lines.filter(({ status }) => status === 'CLICKED')
  }
  await until(async () => (await clicks()).length > 0)
  expect([await clicks(), texts(number)]).toEqual([[{ status: 'CLICKED', human: false }], [text]])
  await follow(url, PERSON)
  const end = await stage.ended(journeyId, 'ada')
  expect(end.messages.map(({ status }) => status)).toHaveLength(2)
  expect(texts(number)).toEqual([text, 'Thank you'])
})
