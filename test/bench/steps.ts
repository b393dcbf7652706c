import { derivedId } from '../../src/domain/ids.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import type { TestDatabase } from '../support/database.ts'
import { EVERY_LANE, LANES, openRawPool } from './cluster.ts'
import { compared, type Figure } from './figure.ts'
import { layFixture } from './fixture.ts'
import { startTicker } from './processes.ts'
import { advanceInOneStatement, advanceRowByRow, type SameRows } from './steps-baselines.ts'

export interface StepsSize {
  /** Enrollments that are due at once. */
  due: number
  /** How many of them the row-by-row baseline advances. */
  naive: number
  /** Rounds of the subject before the first that counts: until its code is compiled and its memory is the process's own. */
  warmUp: number
  rounds: number
}

const graph = (templateId: string): Graph => ({
  reentry: { rule: 'EVERY_TIME' },
  nodes: [
    { key: 'start', kind: 'event_trigger', config: { event: 'cart.updated', matchKey: 'cartId' } },
    { key: 'pause', kind: 'delay', config: { duration: 'PT1H' } },
    { key: 'plan', kind: 'branch', config: { branches: [{ name: 'pro', when: { attribute: { path: 'plan', op: 'EQ', value: 'pro' } } }] } },
    { key: 'warm', kind: 'push', config: { templateId, purpose: 'TRANSACTIONAL' } },
    { key: 'plain', kind: 'push', config: { templateId, purpose: 'TRANSACTIONAL' } },
  ],
  edges: [
    { from: 'start', port: 'next', to: 'pause' },
    { from: 'pause', port: 'next', to: 'plan' },
    { from: 'plan', port: 'pro', to: 'warm' },
    { from: 'plan', port: 'else', to: 'plain' },
  ],
  exitRules: [],
  goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D' }],
  settings: { purpose: 'PROMOTIONAL' },
})

const HALVES = [EVERY_LANE.filter((lane) => lane < LANES / 2), EVERY_LANE.filter((lane) => lane >= LANES / 2)]
/** As many workers as the machine has cores, of each as many ticks side by side as it runs; the baseline has two connections. */
const WORKERS = 2
const TICKS = 3
const SHARES = Array.from({ length: WORKERS * TICKS }, (_, n) => EVERY_LANE.filter((lane) => lane % (WORKERS * TICKS) === n))

/**
 * A step is one due enrollment that leaves a delay, is judged by a branch and plans a push. Subject: two processes that tick
 * their shares of the lanes until nothing is due, send jobs enqueued and not worked. Baselines: the same rows by one SQL
 * statement per thousand, two connections; and one transaction an enrollment.
 */
export async function benchSteps(database: TestDatabase, size: StepsSize): Promise<Figure[]> {
  const fixture = await layFixture(database, size.due, null)
  const { owner } = database
  const { versionId } = await fixture.publish(graph(fixture.templateId))
  const raw = openRawPool(database.url)
  const tickers = await Promise.all(Array.from({ length: WORKERS }, (_, n) => startTicker(database.url, SHARES.slice(n * TICKS, (n + 1) * TICKS))))
  try {
    await deliver(
      owner,
      [
        {
          kind: 'event',
          data: { messageId: 'first', name: 'cart.updated', properties: { cartId: 'c1', item: 'teapot', total: 49.9 }, occurredAt: null },
          workspaceId: fixture.workspaceId,
          reference: 'external:person-0',
        },
      ],
      LANES,
    )
    const takeAll = async () => (await Promise.all(tickers.map((ticker) => ticker.run()))).reduce((sum, each) => sum + each, 0)
    await takeAll()
    await prepareDue(database, fixture.contacts, versionId)
    const subject = async () => {
      const started = performance.now()
      return ((await takeAll()) / (performance.now() - started)) * 1_000
    }
    for (let round = 0; round < size.warmUp; round++) {
      await reset(database)
      await subject()
    }
    const same = await readSameRows(database, versionId)
    const rounds: { value: number; limit: number; naive: number }[] = []
    for (let round = 0; round < size.rounds; round++) {
      const limitFirst = round % 2 === 1
      let limit = 0
      const measureLimit = async () => {
        await reset(database)
        limit = await advanceInOneStatement(raw, HALVES, same)
      }
      if (limitFirst) await measureLimit()
      await reset(database)
      const value = await subject()
      if (!limitFirst) await measureLimit()
      await reset(database)
      rounds.push({ value, limit, naive: await advanceRowByRow(raw, HALVES, same, size.naive) })
    }
    return [
      compared(
        'steps',
        'steps/s',
        rounds.map(({ value, limit }) => ({ value, baseline: limit })),
        { floor: 0.4, aim: 0.75 },
      ),
      compared(
        'steps-vs-naive',
        'steps/s',
        rounds.map(({ value, naive }) => ({ value, baseline: naive })),
        { floor: 8, aim: 15 },
      ),
    ]
  } finally {
    await Promise.all([...tickers.map((ticker) => ticker.stop()), raw.end()])
  }
}

/** Everybody gets the state that the real entry of the first gave, an hour and more ago. */
async function prepareDue({ owner }: TestDatabase, contacts: readonly { lane: number; id: string }[], versionId: string): Promise<void> {
  const entered = Date.now() - 7_200_000
  const rows = contacts.map(({ lane, id }) => ({ lane, contact: id, id: derivedId(entered, lane, id, versionId) }))
  await owner.query('CREATE UNLOGGED TABLE bench_due AS SELECT * FROM enrollment WITH NO DATA')
  await owner.query(
    `INSERT INTO bench_due SELECT (jsonb_populate_record(e, jsonb_build_object('lane', r.lane, 'id', r.id, 'contact_id', r.contact, 'entered_at', to_timestamp($2::float8 / 1000),
        'due_at', to_timestamp($2::float8 / 1000) + interval '1 hour', 'state', e.state::jsonb || jsonb_build_object('since', $2::float8::bigint)))).*
      FROM enrollment e, jsonb_to_recordset($1::jsonb) AS r (lane smallint, id uuid, contact uuid) ORDER BY r.lane, r.id`,
    [JSON.stringify(rows), entered],
  )
}

/** The same starting point for every measurement: nobody moved yet, tables vacuumed, no checkpoint owed. */
async function reset({ owner }: TestDatabase): Promise<void> {
  await owner.query('TRUNCATE enrollment, message, journal, node_stats, pgboss.job_common')
  await owner.query('INSERT INTO enrollment SELECT * FROM bench_due')
  await owner.query('VACUUM ANALYZE enrollment')
  await owner.query('CHECKPOINT')
}

/** What one step wrote, so that the baselines write rows of the same width and as many counters. */
async function readSameRows({ owner }: TestDatabase, versionId: string): Promise<SameRows> {
  const {
    rows: [row],
  } = await owner.query(
    `SELECT e.node, e.state, m.variables, m.template_id, m.identity_id, j.input, j.decisions FROM enrollment e
      JOIN message m ON m.lane = e.lane AND m.enrollment_id = e.id JOIN journal j ON j.lane = e.lane AND j.enrollment_id = e.id WHERE e.version_id = $1 LIMIT 1`,
    [versionId],
  )
  const { rows: counters } = await owner.query<{ node: string; metric: string }>(
    'SELECT node, metric FROM node_stats WHERE version_id = $1 GROUP BY 1, 2 HAVING sum(n) >= (SELECT sum(n) FROM node_stats WHERE version_id = $1) / 100',
    [versionId],
  )
  return { ...row, counters }
}
