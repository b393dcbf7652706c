import { beforeAll, expect, test } from 'vitest'
import { AGAIN_AFTER } from '../../src/domain/ledger.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, on, type TestWorkspace, testRing } from '../support/ring.ts'

/** An SMS that Twilio took and lost: sent once more, and only then given up. */
const world = testRing()
let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await world.workspace()
})

test('an SMS that got lost is sent once more before its journey hears of a failure', async () => {
  const templateId = await workspace.template('sms')
  const text = { key: 'text', kind: 'sms', config: { templateId, followUps: [{ on: 'FAILED' }], nextAfter: 'P1D' } }
  const { journeyId } = await workspace.publish(
    chain([on('seen'), text], {
      nodes: [on('seen'), text, { key: 'lost', kind: 'exit', config: { reason: 'lost' } }, { key: 'fine', kind: 'exit', config: {} }],
      edges: [
        { from: 'start', port: 'next', to: 'text' },
        { from: 'text', port: 'failed', to: 'lost' },
        { from: 'text', port: 'next', to: 'fine' },
      ],
    }),
  )
  const contactId = await workspace.contact('ada', ['sms'])
  await workspace.post(workspace.event('ada', 'seen'))
  const messageId = (await workspace.messages(journeyId))[0]?.id ?? expect.fail('no message')
  const handOver = () => world.rows(`UPDATE message SET status = 'DISPATCHING', attempt = attempt + 1 WHERE id = $1`, [messageId])
  const told = (attempt: number): InboxItem[] => {
    const at = Date.now()
    const lost = { status: 'FAILED' as const, human: true, at, code: '30008', detail: 'lost', attempt, again: true }
    const result = { messageId, attempt, outcome: { type: 'ok' as const, providerMessageId: `SM${attempt}` }, at }
    // The failure overtakes the answer to the send, and is told twice.
    return [
      { kind: 'callback', data: { messageId, ...lost }, workspaceId: workspace.id, contactId },
      { kind: 'result', data: result, workspaceId: workspace.id, contactId },
      { kind: 'callback', data: { messageId, ...lost }, workspaceId: workspace.id, contactId },
    ]
  }
  const standing = async () => [(await workspace.messages(journeyId)).map(({ status }) => status), (await workspace.enrollments(journeyId))[0]?.node]
  await handOver()
  await workspace.post(...told(1))
  expect(await standing()).toEqual([['DEFERRED'], 'text'])
  expect(world.planned).toEqual([messageId])
  await workspace.pass(AGAIN_AFTER + 1_000)
  await workspace.tick()
  expect(await standing()).toEqual([['PLANNED'], 'text'])
  expect(world.planned).toEqual([messageId, messageId])
  await handOver()
  await workspace.post(...told(1), ...told(2))
  const [ended] = await workspace.enrollments(journeyId)
  expect([(await workspace.messages(journeyId)).map(({ status, failure_code }) => [status, failure_code]), ended?.status, ended?.end_reason]).toEqual(
    [[['FAILED', '30008']], 'EXITED', 'lost'],
  )
  await workspace.pass(AGAIN_AFTER * 10)
  await workspace.tick()
  expect(world.planned).toEqual([messageId, messageId])
})
