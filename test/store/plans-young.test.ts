import { expect, test } from 'vitest'
import { openDispatcher } from '../../src/lanes/dispatch.ts'
import { chain, delay, email, LANES, on, testRing } from '../support/ring.ts'

const world = testRing()

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: PlanNode[]
}

const LARGE = new Set(['contact', 'channel_identity', 'consent', 'contact_alias', 'enrollment', 'entry_slot', 'message'])
const scansOf = (node: PlanNode): PlanNode[] => [...(LARGE.has(node['Relation Name'] ?? '') ? [node] : []), ...(node.Plans ?? []).flatMap(scansOf)]

/** Rows of one lane by something more, or by an id of their own. */
const isLookup = ({ 'Node Type': type, 'Index Cond': condition = '' }: PlanNode) =>
  type === 'ModifyTable' || /\(lane = .+\) AND \(\w+ (=|<=|>=) /.test(condition)

/** Everything that a message's way asks the first time, on connections that plan it while there is nothing. */
async function walkOnce(): Promise<void> {
  const workspace = await world.workspace()
  await workspace.connect('email')
  const mail = email(await workspace.template('email'), { dedupe: { key: 'event.page', window: 'P1D' } })
  await workspace.publish(chain([on('seen'), mail, delay('PT1H')]))
  await workspace.contact('ada', ['email'], { email: 'GRANTED' })
  await workspace.post(workspace.event('ada', 'seen', { page: '/a' }))
  const onError = (error: unknown) => expect.fail(String(error))
  const send = async ({ id }: { id: string }) => ({ type: 'ok' as const, providerMessageId: id })
  const dispatcher = openDispatcher({ pool: world.database.worker, lanes: LANES, sockets: 2, send, onError })
  dispatcher.add(world.planned, () => {})
  await dispatcher.drain()
  while ((await workspace.tick()).taken > 0);
  await workspace.pass(7_200_000)
  await workspace.tick()
}

test('statements planned while the tables are empty find their rows by key all the same, and not by reading a lane', async () => {
  await walkOnce()
  const pool = world.database.worker
  const clients = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()))
  const looked = new Map<string, PlanNode[]>()
  try {
    for (const client of clients) {
      const { rows } = await client.query<{ name: string; inputs: number }>(
        'SELECT name, cardinality(parameter_types) AS inputs FROM pg_prepared_statements',
      )
      for (const { name, inputs } of rows) {
        const values = inputs === 0 ? '' : `(${Array(inputs).fill('NULL').join(', ')})`
        const explained = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(`EXPLAIN (FORMAT JSON) EXECUTE ${name}${values}`)
        looked.set(
          name,
          explained.rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => scansOf(Plan))),
        )
      }
    }
  } finally {
    for (const client of clients) client.release()
  }
  expect([...looked.keys()]).toEqual(
    expect.arrayContaining(['dispatch_read', 'dispatch_mark', 'messages_load', 'facts_contacts', 'write_enrollments']),
  )
  const wide = [...looked].flatMap(([name, scans]) =>
    scans.filter((scan) => !isLookup(scan)).map((scan) => [name, scan['Index Name'], scan['Index Cond']]),
  )
  expect(wide).toEqual([])
})
