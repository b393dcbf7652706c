import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type CallOptions, startCalls } from '../../jobs/webhooks-calls.ts'
import { startDeliveries } from '../../jobs/webhooks-deliveries.ts'
import type { Runner } from '../../jobs/webhooks-runner.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { openRenderer } from '../../src/services/rendering/renderer.ts'
import { makeSigningSecret } from '../../src/services/webhooks-signature.ts'
import { createVault } from '../../src/store/vault.ts'
import { type Hooks, startHooks } from '../support/hooks.ts'
import { chain, LANES, on, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'
import { CUTS, type Cut, GUARANTEES } from './cases.ts'
import { buried, type Death, openDoomed } from './doomed.ts'

/** The rows of docs/guarantees.md that call somebody's server: what a worker has claimed when it is killed, another does. */
const vault = createVault(randomBytes(32))
const renderer = openRenderer()
const world = testRing()
let hooks: Hooks
const workspace = testWorkspace(world)
beforeAll(async () => {
  hooks = await startHooks()
})
beforeEach(async () => {
  await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, vault.createDataKey()])
})
afterAll(async () => {
  await renderer.close()
  await hooks.close()
  await buried(world.database.owner)
})

interface Subject {
  table: 'webhook_delivery' | 'webhook_call'
  start: (options: CallOptions) => Runner
  claim: string
  settle: string
  /** Lets somebody through a journey, as far as one request to this path. */
  plan(path: string): Promise<void>
}

let people = 0
async function enter(graph: Graph): Promise<void> {
  await workspace.publish(graph)
  const name = `person-${people++}`
  await workspace.contact(name)
  await workspace.post(workspace.event(name, graph.nodes[0]?.config.event as string))
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  endpoint: {
    table: 'webhook_delivery',
    start: startDeliveries,
    claim: 'delivery_claim',
    settle: 'delivery_settle',
    async plan(path) {
      const [row] = await world.rows<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspace.id])
      const secret = vault.workspaceKeys(workspace.id, row?.data_key ?? Buffer.of()).seal(makeSigningSecret())
      await world.rows('DELETE FROM webhook_endpoint WHERE workspace_id = $1', [workspace.id])
      await world.rows('INSERT INTO webhook_endpoint (id, workspace_id, url, event_types, secret) VALUES ($1, $2, $3, $4, $5)', [
        randomUUID(),
        workspace.id,
        hooks.url + path,
        ['enrollment.ended'],
        secret,
      ])
      await enter(chain([on(path), { key: 'end', kind: 'exit', config: {} }]))
    },
  },
  node: {
    table: 'webhook_call',
    start: startCalls,
    claim: 'call_claim',
    settle: 'call_settle',
    async plan(path) {
      const config = { method: 'POST', url: hooks.url + path, retries: { times: 1 } }
      await enter(chain([on(path), { key: 'call', kind: 'webhook', config } as Graph['nodes'][number]]))
    },
  },
}

/** null: it is killed when all is over. */
function deathOf({ claim, settle }: Subject, cut: Cut): Death | null {
  if (cut === 'not marked') return { statement: claim, when: 'before' }
  if (cut === 'marked, not sent') return { statement: claim, when: 'after' }
  return cut === 'reported' || cut === 'answer lost' ? null : { statement: settle, when: 'before' }
}

test.each(GUARANTEES.filter(({ channel }) => channel === 'webhook'))('$provider', async ({ provider, endings }) => {
  const subject = SUBJECTS[provider] ?? expect.fail(`no subject for ${provider}`)
  const { table } = subject
  const statuses = async () =>
    (await world.rows<{ status: string }>(`SELECT status FROM ${table} WHERE workspace_id = $1`, [workspace.id])).map((row) => row.status)
  const start = (pool: CallOptions['pool']) =>
    subject.start({
      pool,
      vault,
      renderer,
      lanes: LANES,
      policy: { privateHosts: [hooks.host], httpsOnly: true },
      sockets: 4,
      pollEvery: 600_000,
      onError: (error) => expect.fail(String(error)),
    })
  for (const cut of CUTS) {
    if (endings[cut] === null) continue
    const path = `/${provider}/${CUTS.indexOf(cut)}`
    await subject.plan(path)
    if (cut === 'answer lost') hooks.on(path, 'reset', {})
    const doomed = openDoomed(world.database.url, deathOf(subject, cut))
    const theirs = start(doomed.pool)
    if (cut === 'reported' || cut === 'answer lost') {
      await until(async () => hooks.at(path).length === 1)
      await theirs.stop()
      doomed.die()
    }
    await doomed.dead
    expect(hooks.at(path)).toHaveLength(cut === 'not marked' || cut === 'marked, not sent' ? 0 : 1)
    // The claim runs out.
    await world.rows(`UPDATE ${table} SET due_at = now() WHERE workspace_id = $1 AND status = 'PENDING'`, [workspace.id])
    const survivor = start(world.database.worker)
    await until(async () => !(await statuses()).includes('PENDING'))
    await survivor.stop()
    const ids = hooks.at(path).map(({ headers }) => headers['webhook-id'])
    expect([cut, `${ids.length} ${(await statuses()).join()}`]).toEqual([cut, endings[cut]])
    expect(new Set(ids).size).toBe(1)
    await world.rows(`DELETE FROM ${table} WHERE workspace_id = $1`, [workspace.id])
  }
})
