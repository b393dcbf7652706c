import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { startCalls } from '../../jobs/webhooks-calls.ts'
import type { Runner } from '../../jobs/webhooks-runner.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { openRenderer, type Renderer } from '../../src/services/rendering/renderer.ts'
import { createVault, type Vault } from '../../src/store/vault.ts'
import { type Hooks, startHooks } from './hooks.ts'
import { chain, LANES, on, openTestRing, type TestRing, type TestWorkspace } from './ring.ts'
import { until } from './until.ts'

export interface Call {
  id: string
  status: string
  attempt: number
  answer_status: number | null
  failure_code: string | null
  failure_message: string | null
  due_in: number | null
}

/** Journeys that call somebody, somebody who is called, and workers that do it. */
export interface CallStage {
  world: TestRing
  hooks: Hooks
  renderer: Renderer
  vault: Vault
  readonly workspace: TestWorkspace
  /** Begins with another workspace. */
  renew(): Promise<void>
  close(): Promise<void>
  calls(journeyId: string): Promise<Call[]>
  /** What is interesting of them: status, attempt, answer and failure. */
  brief(journeyId: string): Promise<unknown[][]>
  /** Makes whatever is planned due. */
  due(journeyId: string): Promise<unknown>
  vars(journeyId: string): Promise<JsonObject[]>
  /** A worker's caller; one that begins with a call or two and is stopped when the file is over. */
  caller(privateHosts?: readonly string[], rendering?: Pick<Renderer, 'renderCall'>): Runner
  /** Makes every call that is due and stops. */
  callAll(privateHosts?: readonly string[]): Promise<void>
  /** A journey of one call: its success ends it, and its error is another exit. */
  graph(event: string, config: object, path?: string): Graph
  /** Lets somebody in, as far as the call that is planned for them. */
  planned(event: string, config: object, properties?: JsonObject): Promise<{ journeyId: string; id: string }>
  /** Ticks; how each enrollment has ended. */
  ends(journeyId: string): Promise<(string | null)[]>
}

export async function openCallStage(): Promise<CallStage> {
  const vault = createVault(randomBytes(32))
  const world = await openTestRing()
  const hooks = await startHooks()
  const renderer = openRenderer()
  const runners: Runner[] = []
  let workspace = await world.workspace()

  const calls: CallStage['calls'] = (journeyId) =>
    world.rows<Call>(
      `SELECT id, status, attempt, answer_status, failure_code, failure_message, (extract(epoch FROM due_at - now()) * 1000)::float8 AS due_in
        FROM webhook_call WHERE journey_id = $1 ORDER BY planned_at, id`,
      [journeyId],
    )
  const caller: CallStage['caller'] = (privateHosts = [hooks.host], rendering = renderer) => {
    const runner = startCalls({
      pool: world.database.worker,
      vault,
      renderer: rendering,
      lanes: LANES,
      policy: { privateHosts, httpsOnly: false },
      sockets: 4,
      pollEvery: 600_000,
      onError: (error) => expect.fail(String(error)),
    })
    runners.push(runner)
    return runner
  }
  const graph: CallStage['graph'] = (event, config, path = event) => {
    const call = { key: 'call', kind: 'webhook', config: { method: 'POST', url: `${hooks.url}/${path}`, ...config } } as Graph['nodes'][number]
    const nodes = [
      on(event),
      call,
      { key: 'fine', kind: 'exit', config: { reason: 'fine' } },
      { key: 'bad', kind: 'exit', config: { reason: 'bad' } },
    ]
    const edges = [
      { from: 'start', port: 'next', to: 'call' },
      { from: 'call', port: 'success', to: 'fine' },
      { from: 'call', port: 'error', to: 'bad' },
    ]
    return chain(nodes, { edges })
  }
  return {
    world,
    hooks,
    renderer,
    vault,
    get workspace() {
      return workspace
    },
    async renew() {
      workspace = await world.workspace()
      await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, vault.createDataKey()])
    },
    async close() {
      for (const runner of runners) await runner.stop()
      await renderer.close()
      await hooks.close()
      await world.close()
    },
    calls,
    brief: async (journeyId) => (await calls(journeyId)).map((call) => [call.status, call.attempt, call.answer_status, call.failure_code]),
    due: (journeyId) => world.rows(`UPDATE webhook_call SET due_at = now() WHERE journey_id = $1 AND due_at IS NOT NULL`, [journeyId]),
    vars: async (journeyId) =>
      (await world.rows<{ state: { vars: JsonObject } }>('SELECT state::json FROM enrollment WHERE journey_id = $1', [journeyId])).map(
        ({ state }) => state.vars,
      ),
    caller,
    async callAll(privateHosts) {
      const before = hooks.seen.length
      const runner = caller(privateHosts)
      await until(async () => (await world.rows(`SELECT FROM webhook_call WHERE due_at <= now() LIMIT 1`)).length === 0)
      await runner.stop()
      expect(hooks.seen.length).toBeGreaterThanOrEqual(before)
    },
    graph,
    async planned(event, config, properties = {}) {
      const { journeyId } = await workspace.publish(graph(event, config))
      await workspace.contact(event)
      await workspace.post(workspace.event(event, event, properties))
      const [call] = await calls(journeyId)
      expect(call?.status).toBe('PENDING')
      return { journeyId, id: call?.id ?? '' }
    },
    async ends(journeyId) {
      await workspace.tick()
      return (await workspace.enrollments(journeyId)).map((each) => each.end_reason)
    },
  }
}
