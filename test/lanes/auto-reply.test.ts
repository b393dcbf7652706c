import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { KeywordAction } from '../../src/domain/keywords.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)

async function rule(action: KeywordAction, keywords: string[], templateId: string | null): Promise<string> {
  const id = randomUUID()
  await world.rows('INSERT INTO keyword_rule (id, workspace_id, channel, action, keywords, template_id) VALUES ($1, $2, $3, $4, $5, $6)', [
    id,
    workspace.id,
    'sms',
    action,
    keywords,
    templateId,
  ])
  return id
}

const wrote = (contactId: string, text: string): InboxItem => ({
  kind: 'inbound',
  data: { channel: 'sms', text, to: '+15005550006', providerMessageId: randomUUID(), at: Date.now() },
  workspaceId: workspace.id,
  contactId,
})

interface Row {
  template_id: string
  purpose: string
  status: string
  failure_code: string | null
  variables: object
}
const replies = () =>
  world.rows<Row>('SELECT template_id, purpose, status, failure_code, variables FROM message WHERE workspace_id = $1 ORDER BY planned_at, id', [
    workspace.id,
  ])
const statuses = async () => (await replies()).map(({ status, failure_code }) => failure_code ?? status).sort()

test('a keyword is answered once, with what was written before the template', async () => {
  const template = await workspace.template('sms')
  await rule('REPLY', ['hours'], template)
  const ada = await workspace.contact('ada', ['sms'])
  await workspace.post(wrote(ada, 'hours, please'), wrote(ada, 'HOURS!'))
  expect(await replies()).toEqual([
    {
      template_id: template,
      purpose: 'TRANSACTIONAL',
      status: 'PLANNED',
      failure_code: null,
      variables: { event: { text: 'HOURS!', to: '+15005550006', keyword: 'hours' }, vars: {}, key: '' },
    },
  ])
})

test('a robot that answers our answers is answered once an hour, by each rule', async () => {
  await rule('REPLY', ['hours'], await workspace.template('sms'))
  await rule('HELP', [], await workspace.template('sms'))
  const robot = await workspace.contact('robot', ['sms'])
  await workspace.post(wrote(robot, 'hours'), wrote(robot, 'hours'), wrote(robot, 'help'))
  await workspace.post(wrote(robot, 'hours'), wrote(robot, 'info'))
  expect(await statuses()).toEqual(['PLANNED', 'PLANNED', 'duplicate', 'duplicate', 'duplicate'])
  await workspace.pass(3_600_001)
  await workspace.post(wrote(robot, 'hours'))
  expect(await statuses()).toEqual(['PLANNED', 'PLANNED', 'PLANNED', 'duplicate', 'duplicate', 'duplicate'])
})

test('opting out by one’s own word ends consent first and is confirmed all the same; a silent rule says nothing', async () => {
  await rule('OPT_OUT', [], await workspace.template('sms'))
  await rule('OPT_OUT', ['nein danke'], null)
  const [ada, bob] = [await workspace.contact('ada', ['sms'], { sms: 'GRANTED' }), await workspace.contact('bob', ['sms'], { sms: 'GRANTED' })]
  await workspace.post(wrote(ada, 'stopp'), wrote(bob, 'Nein danke.'))
  expect(await statuses()).toEqual(['PLANNED'])
  expect(await world.rows('SELECT state, source FROM consent WHERE workspace_id = $1', [workspace.id])).toEqual([
    { state: 'WITHDRAWN', source: 'keyword' },
    { state: 'WITHDRAWN', source: 'keyword' },
  ])
})

test('a suppressed contact is not answered, and another workspace’s rule answers nobody here', async () => {
  await rule('REPLY', ['hours'], await workspace.template('sms'))
  const ada = await workspace.contact('ada', ['sms'])
  await world.rows('UPDATE contact SET suppressed_at = now() WHERE id = $1', [ada])
  await workspace.post(wrote(ada, 'hours'))
  expect(await statuses()).toEqual(['suppressed'])
  const other = await world.workspace()
  const bob = await other.contact('bob', ['sms'])
  await other.post({ ...wrote(bob, 'hours'), workspaceId: other.id })
  expect(await world.rows('SELECT id FROM message WHERE workspace_id = $1', [other.id])).toEqual([])
})

test('what is written after an answer replies to what was sent before it', async () => {
  await rule('REPLY', ['hours'], await workspace.template('sms'))
  const ada = await workspace.contact('ada', ['sms'])
  await workspace.post(wrote(ada, 'hours'))
  await world.rows(`UPDATE message SET status = 'SENT' WHERE workspace_id = $1`, [workspace.id])
  await workspace.post(wrote(ada, 'Thank you'))
  expect(await world.rows('SELECT replied_at FROM message WHERE workspace_id = $1', [workspace.id])).toEqual([{ replied_at: null }])
})
