import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { type Dispatcher, openDispatcher } from '../../src/lanes/dispatch.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { tick } from '../../src/lanes/tick.ts'
import { setConsent } from '../../src/services/consents.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { gated } from '../support/gate.ts'
import { chain, delay, EVERY_LANE, LANES, on, type TestWorkspace, testRing } from '../support/ring.ts'
import { servicesOver } from '../support/services.ts'
import { until } from '../support/until.ts'

const world = testRing()
let workspace: TestWorkspace
let over: Awaited<ReturnType<typeof servicesOver>>
let services: Services

beforeAll(async () => {
  over = await servicesOver(world.database)
  services = over.services
})
afterAll(() => over.close())
beforeEach(async () => {
  workspace = await world.workspace()
  world.planned.length = 0
})

/** Ticks until nothing is left. */
async function drain(): Promise<void> {
  while ((await workspace.tick()).taken > 0);
}

/** Resolves once a connection to this database waits for a lock that another holds. */
const somebodyWaits = () =>
  until(async () => (await world.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0)

test('a tick that withdraws one message and the consent of another, and a dispatcher of both, do not wait for each other', async () => {
  await workspace.connect('sms')
  const text: Graph['nodes'][number] = { key: 'text', kind: 'sms', config: { templateId: await workspace.template('sms') } }
  const { journeyId } = await workspace.publish(
    chain([on('seen'), text, delay('PT1H')], { exitRules: [{ event: 'bought' }], settings: { purpose: 'PROMOTIONAL' } }),
  )
  const contacts = [await workspace.contact('ada', ['sms'], { sms: 'GRANTED' }), await workspace.contact('grace', ['sms'], { sms: 'GRANTED' })]
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  // In the order in which they are locked.
  const messages = await world.rows<{ id: string; contact_id: string; external_id: string }>(
    `SELECT m.id, m.contact_id, c.external_id FROM message m JOIN contact c ON c.id = m.contact_id WHERE m.journey_id = $1 ORDER BY m.lane, m.id`,
    [journeyId],
  )
  expect(messages.map((each) => each.contact_id).sort()).toEqual(contacts.sort())
  const data = { channel: 'sms' as const, text: 'STOP', to: '+15550100', providerMessageId: randomUUID(), at: Date.now() }
  await deliver(
    world.database.worker,
    [
      { kind: 'inbound', data, workspaceId: workspace.id, contactId: messages[0]?.contact_id ?? '' },
      workspace.event(messages[1]?.external_id ?? '', 'bought'),
    ],
    LANES,
  )
  const errors: unknown[] = []
  const { pool, reached, open } = gated(world.database.worker, 'consent_change')
  const ticking = tick({ ...world.ring, pool }, EVERY_LANE).catch((error: unknown) => errors.push(error))
  await reached
  const dispatcher = openDispatcher({
    pool: world.database.worker,
    lanes: LANES,
    sockets: 4,
    send: async (message) => ({ type: 'ok', providerMessageId: message.id }),
    onError: (error) => errors.push(error),
  })
  dispatcher.add(
    messages.map((each) => each.id),
    () => {},
  )
  await somebodyWaits()
  open()
  await Promise.all([ticking, dispatcher.drain()])
  expect(errors).toEqual([])
})

/** Does it again as long as PostgreSQL ends it to untie a deadlock: seldom, and then both sides are done over by whoever asked. */
async function untied<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01') throw error
    }
  }
}

const LEAVINGS = ['none', 'by the API', 'by STOP', 'by exit'] as const
const WHENS = ['before', 'during', 'after'] as const

test('whoever opts out, or leaves the journey, is sent nothing that was not on its way when that committed; nobody is sent anything twice', async () => {
  // At the very commit of a withdrawal: what is still planned then must never go.
  await world.rows('CREATE TABLE still_planned (message_id uuid NOT NULL)')
  await world.rows(`CREATE FUNCTION note_planned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO still_planned SELECT id FROM message WHERE contact_id = NEW.contact_id AND status IN ('PLANNED', 'DEFERRED'); RETURN NULL; END $$`)
  await world.rows(`CREATE CONSTRAINT TRIGGER consent_noted AFTER INSERT OR UPDATE ON consent DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'WITHDRAWN') EXECUTE FUNCTION note_planned()`)
  await world.rows(`CREATE CONSTRAINT TRIGGER exit_noted AFTER UPDATE ON enrollment DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'EXITED' AND OLD.status = 'ACTIVE') EXECUTE FUNCTION note_planned()`)
  const turnsBefore = fc.constantFrom(0, 1, 3, 10, 30, 100)
  const person = fc.record({ leaves: fc.constantFrom(...LEAVINGS), when: fc.constantFrom(...WHENS), after: turnsBefore })
  await fc.assert(
    fc.asyncProperty(
      fc.array(person, { minLength: 6, maxLength: 16 }),
      fc.array(turnsBefore, { minLength: 16, maxLength: 16 }),
      async (people, starts) => {
        workspace = await world.workspace()
        await workspace.connect('sms')
        const caller: Caller = { workspaceId: workspace.id, keyId: null, scopes: ['admin'] }
        const text: Graph['nodes'][number] = { key: 'text', kind: 'sms', config: { templateId: await workspace.template('sms') } }
        const graph = chain([on('seen'), text, delay('PT1H')], { exitRules: [{ event: 'bought' }], settings: { purpose: 'PROMOTIONAL' } })
        const { journeyId } = await workspace.publish(graph)
        const contacts: string[] = []
        for (const n of people.keys()) contacts.push(await workspace.contact(`p${n}`, ['sms'], { sms: 'GRANTED' }))
        await workspace.post(...people.map((_, n) => workspace.event(`p${n}`, 'seen')))
        const planned = await world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM message WHERE journey_id = $1', [journeyId])
        const messageOf = (n: number) => planned.find((each) => each.contact_id === contacts[n])?.id ?? ''

        const sent: string[] = []
        const dispatchers = [0, 1].map(() =>
          openDispatcher({
            pool: world.database.worker,
            lanes: LANES,
            sockets: 4,
            async send(message) {
              sent.push(message.id)
              return { type: 'ok', providerMessageId: message.id }
            },
            onError: (error) => {
              if ((error as { code?: string }).code !== '40P01') throw error
            },
          }),
        )
        const give = (dispatcher: Dispatcher, id: string) => dispatcher.add([id], (marked) => marked || give(dispatcher, id))
        const leave = async (n: number) => {
          const contact = { externalId: `p${n}` }
          const leaves = people[n]?.leaves
          if (leaves === 'by the API')
            await untied(() => setConsent(services, caller, { contact, channel: 'sms', state: 'WITHDRAWN', purpose: 'marketing', source: 'test' }))
          const data = { channel: 'sms' as const, text: 'STOP', to: '+15550100', providerMessageId: randomUUID(), at: Date.now() }
          const stop = { kind: 'inbound' as const, data, workspaceId: workspace.id, contactId: contacts[n] ?? '' }
          if (leaves === 'by STOP') await deliver(world.database.worker, [stop], LANES)
          if (leaves === 'by exit') await deliver(world.database.worker, [workspace.event(`p${n}`, 'bought')], LANES)
          await untied(() => workspace.tick())
        }
        const turns = async (n: number) => {
          for (let turn = 0; turn < n; turn++) await setImmediate()
        }
        const all = [...people.entries()]
        for (const [n, { when }] of all) if (when === 'before') await leave(n)
        await drain()
        await Promise.all([
          ...all.flatMap(([n, { when, after }]) => (when === 'during' ? [turns(after).then(() => leave(n))] : [])),
          ...all.flatMap(([n]) =>
            dispatchers.map(async (dispatcher, which) => {
              await turns(starts[(n + which) % starts.length] ?? 0)
              give(dispatcher, messageOf(n))
            }),
          ),
        ])
        await Promise.all(dispatchers.map((dispatcher) => dispatcher.drain()))
        for (const [n, { when }] of all) if (when === 'after') await leave(n)
        await drain()

        const forbidden = new Set((await world.rows<{ message_id: string }>('SELECT message_id FROM still_planned')).map((row) => row.message_id))
        expect(new Set(sent).size).toBe(sent.length)
        expect(sent.filter((id) => forbidden.has(id))).toEqual([])
        const statuses = new Map((await workspace.messages(journeyId)).map((each) => [each.id, `${each.status} ${each.failure_code}`]))
        for (const [n, { leaves, when }] of all) {
          const id = messageOf(n)
          if (leaves === 'none' || when === 'after') expect(sent).toContain(id)
          if (leaves !== 'none' && when === 'before') expect(sent).not.toContain(id)
          const withheld = leaves === 'by exit' ? ['CANCELLED enrollment_ended', 'SUPPRESSED enrollment_ended'] : ['SUPPRESSED consent_withdrawn']
          expect(sent.includes(id) ? ['SENT null'] : withheld).toContain(statuses.get(id))
        }
      },
    ),
    { numRuns: 20 },
  )
})
