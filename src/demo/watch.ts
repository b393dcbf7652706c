import type { DemoClient } from './client.ts'
import type { Person } from './people.ts'
import { describeMessage, type Story } from './story.ts'

/** Tells what the API's subscriptions say of these people; reports for their phones what FCM does not. */
export function watch(client: DemoClient, journeyId: string, people: ReadonlyMap<string, Person>, story: Story): void {
  const told = new Map<string, string>()
  const say = (id: string, externalId: string | null, text: string | null | undefined): Person | undefined => {
    const one = people.get(externalId ?? '')
    if (one === undefined || text == null || told.get(id) === text) return undefined
    told.set(id, text)
    story.say(one.name, text)
    return one
  }
  client.subscribe<{ messageUpdated: LiveMessage }>(MESSAGES, { journeyId }, ({ messageUpdated: message }) => {
    const text = describeMessage(message.channel, message.status, message.engagement, message.failure?.code ?? null)
    const one = say(message.id, message.contact.externalId, text)
    // FCM reports nothing after accepting: the app on the phone does.
    if (one?.habit.as?.push === 'opener' && message.channel === 'PUSH' && message.status === 'SENT' && message.engagement.length === 0)
      void client.run(REPORT, { input: { id: message.id, status: 'OPENED' } }).catch(() => {})
  })
  client.subscribe<{ enrollmentChanged: LiveEnrollment }>(ENROLLMENTS, { journeyId }, ({ enrollmentChanged: { id, state, endReason, contact } }) => {
    const text: Record<string, string> = {
      CONVERTED: 'converted: what was planned is called off',
      COMPLETED: 'is through',
      EXITED: `left: ${endReason}`,
      FAILED: `failed: ${endReason}`,
    }
    say(id, contact.externalId, text[state])
  })
  client.subscribe<{ journeyProgress: { stats: Parameters<Story['totals']>[0] } }>(PROGRESS, { journeyId }, ({ journeyProgress }) =>
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
  id: string
  state: string
  endReason: string | null
  contact: { externalId: string | null }
}

const REPORT = 'mutation ($input: ReportMessageInput!) { reportMessage(input: $input) { message { id } userErrors { message path } } }'
const MESSAGES =
  'subscription ($journeyId: ID) { messageUpdated(journeyId: $journeyId) { id channel status engagement failure { code } contact { externalId } } }'
const ENROLLMENTS = 'subscription ($journeyId: ID) { enrollmentChanged(journeyId: $journeyId) { id state endReason contact { externalId } } }'
const PROGRESS =
  'subscription ($journeyId: ID!) { journeyProgress(journeyId: $journeyId) { stats { started active converted completed dropped revenue } } }'
