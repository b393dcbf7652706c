import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { hashFraction } from '../../src/domain/hash.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Caller, openCaller } from './caller.ts'
import { type CrashingDatabase, openCrashingDatabase } from './database.ts'
import { type Disruption, disrupt } from './disruptions.ts'
import { type Evidence, type Judgement, judge } from './oracle.ts'
import { freePort, openTroop, type Troop } from './processes.ts'
import { enroll, feed, layJourneys, readJourney, register } from './requests.ts'
import { cartJourney, codeJourney, fillings, orders, type Person, people } from './story.ts'

export interface Plan {
  /** Decides who is killed when, and whom the providers' faults strike. */
  seed: string
  people: number
  cartsEach: number
  workers: number
  /** In the order given, each at a random moment of the feeding of its share of the people. */
  disruptions: readonly Disruption[]
  /** Longest time between one's people being fed and its disruption. Milliseconds. */
  gap: number
  /** Lets what waits for the fifteen seconds of a silent sender wait no longer, once the disruptions are over. */
  hurry: boolean
  /** Longest time from the end of the disruptions until nothing is left to do. Milliseconds. */
  patience: number
  say(line: string): void
}

export interface Outcome extends Judgement {
  /** How often each disruption was caused. */
  disrupted: Map<Disruption, number>
  /** From the last disruption until nothing was left to do. Milliseconds. */
  drained: number
  /** What the processes logged as errors, and how often. */
  errors: Map<string, number>
}

/** The whole run; everything it starts has ended when it resolves, or rejects where it cannot be judged. */
export async function runScenario(plan: Plan): Promise<Outcome> {
  const closing: (() => Promise<unknown>)[] = []
  try {
    const database = await openCrashingDatabase()
    closing.push(() => database.close())
    const sandbox = await startSandbox({ seed: plan.seed, pause: 20, mix: { ignorer: 1 }, log: { keep: 1_000_000 } })
    closing.push(() => sandbox.close())
    const port = await freePort()
    const adminKey = randomBytes(16).toString('hex')
    const troop = openTroop({
      DATABASE_URL: database.url,
      PORT: String(port),
      SECRET_KEY: randomBytes(32).toString('base64'),
      ADMIN_KEY: adminKey,
      RATE_LIMIT_PER_MINUTE: '1000000000',
      SEND_CONCURRENCY: '8',
    })
    closing.push(() => troop.close())
    await troop.start('api')
    await Promise.all(Array.from({ length: plan.workers }, () => troop.start('worker')))
    return await play(plan, { database, sandbox, troop, url: `http://127.0.0.1:${port}`, adminKey })
  } catch (cause) {
    throw new Error(`seed ${plan.seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

interface Stage {
  database: CrashingDatabase
  sandbox: Sandbox
  troop: Troop
  url: string
  adminKey: string
}

async function play(plan: Plan, stage: Stage): Promise<Outcome> {
  const { sandbox, troop, url } = stage
  const made = await openCaller(url, stage.adminKey).run<{ createWorkspace: { secret: string } }>(
    'mutation { createWorkspace(input: { name: "Chaos" }) { secret userErrors { message path } } }',
  )
  const caller = openCaller(url, made.createWorkspace.secret)
  await connect(caller, sandbox)
  const journeys = await layJourneys(caller, cartJourney, codeJourney)
  const everybody = people(plan.people, plan.cartsEach)
  const filledAt = new Map<string, number>()
  const orderedAt = new Map<string, number>()

  const feedShare = async (share: readonly Person[], step: number) => {
    await register(caller, share)
    for (const person of share) filledAt.set(person.externalId, Date.now())
    // Every other share is sent twice at once, as by a client that lost patience.
    await Promise.all(Array.from({ length: 1 + (step % 2) }, () => feed(caller, share.flatMap(fillings))))
    await feed(caller, share.flatMap(orders))
    for (const person of share) if (person.buys !== null) orderedAt.set(person.externalId, Date.now())
    const ask = () => enroll(caller, journeys.codes, share, `codes ${step}`)
    await Promise.all(Array.from({ length: 1 + (step % 2) }, ask))
  }

  const shares = Math.max(1, plan.disruptions.length)
  const feeding: Promise<void>[] = []
  const disrupted: Outcome['disrupted'] = new Map()
  for (let step = 0; step < shares; step++) {
    const share = everybody.filter((_, n) => n % shares === step)
    // Two shares at most under way, or a run with many disruptions would end as one burst.
    await feeding.at(-2)
    const one = feedShare(share, step)
    one.catch(() => {})
    feeding.push(one)
    const disruption = plan.disruptions[step]
    if (disruption === undefined) continue
    await sleep(hashFraction(plan.seed, 'moment', String(step)) * plan.gap)
    plan.say(`${step + 1} of ${shares}: ${disruption}`)
    await disrupt(disruption, { ...stage, chance: (what) => hashFraction(plan.seed, what, String(step)) })
    disrupted.set(disruption, (disrupted.get(disruption) ?? 0) + 1)
  }
  await Promise.all(feeding)
  sandbox.clearFaults()
  await troop.settled()
  const ended = new Date()
  plan.say('everything was fed, nothing is disturbed any more')

  await quiet(plan, stage, ended)
  const drained = Date.now() - ended.getTime()
  await ask(stage, RECONCILE)
  await quiet(plan, stage, ended)
  const evidence: Evidence = {
    people: everybody,
    log: sandbox.log.entries(),
    carts: await readJourney(caller, journeys.carts),
    codes: await readJourney(caller, journeys.codes),
    filledAt,
    orderedAt,
  }
  const { violations, counts } = judge(evidence)
  const exits = troop.faults.exits.map((each) => `nobody ended it: ${each}`)
  const internal = caller.repeated.get('INTERNAL') ?? 0
  if (internal > 0) violations.push(`the API answered INTERNAL ${internal} times; a database that is away is UNAVAILABLE`)
  return {
    violations: [...violations, ...exits],
    counts: { ...counts, ...Object.fromEntries([...caller.repeated].map(([why, times]) => [`requests repeated: ${why}`, times])) },
    disrupted,
    drained,
    errors: troop.faults.errors,
  }
}

async function connect(caller: Caller, sandbox: Sandbox): Promise<void> {
  const accounts = sandboxCredentials('chaos')
  for (const provider of ['fcm', 'sendgrid', 'twilio'] as const) {
    const { credentials, settings } = accounts[provider]
    const answer = await caller.run<{ connectProvider: { connection: { callbackUrl: string } } }>(
      'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { callbackUrl } userErrors { message path } } }',
      { input: { provider, name: provider, credentials, settings, baseUrl: sandbox.url, idempotencyKey: provider } },
    )
    const { callbackUrl } = answer.connectProvider.connection
    if (provider === 'sendgrid') sandbox.connect({ provider, account: accounts.sendgrid.credentials.apiKey, callbackUrl })
    if (provider === 'twilio') sandbox.connect({ provider, account: accounts.twilio.credentials.accountSid, callbackUrl })
  }
}

/**
 * What is still to be done. Asked of the tables, because the API does not show the inbox; all that is asserted
 * comes through the API. A hand-over in doubt is not counted: it waits for ten minutes.
 */
const PENDING = `SELECT (SELECT count(*) FROM inbox)::int AS inbox,
  (SELECT count(*) FROM enrollment WHERE status = 'ACTIVE')::int AS enrollments,
  (SELECT count(*) FROM message WHERE status IN ('PLANNED', 'DEFERRED', 'DISPATCHING') OR due_at <= clock_timestamp())::int AS messages`

async function quiet(plan: Plan, stage: Stage, ended: Date): Promise<void> {
  const until = Date.now() + plan.patience
  let settled = false
  for (;;) {
    const pending = await ask<{ inbox: number; enrollments: number; messages: number }>(stage, PENDING)
    if (pending.inbox + pending.enrollments + pending.messages === 0) {
      // Callbacks still on their way make more of it.
      if (settled) return
      await Promise.race([stage.sandbox.settled(), sleep(Math.max(0, until - Date.now()), undefined, { ref: false })])
      settled = true
      continue
    }
    settled = false
    if (Date.now() > until) throw new Error(`not quiet within ${plan.patience} ms: ${JSON.stringify(pending)}`)
    if (plan.hurry) await ask(stage, HURRY, [ended])
    await sleep(100)
  }
}

/** Time passes for senders that were silent when the disruptions ended: the fifteen seconds after which each is given up. */
const HURRY = `UPDATE message SET dispatching_at = dispatching_at - interval '15 seconds' FROM (
    SELECT lane, id FROM message WHERE status = 'DISPATCHING' AND dispatching_at BETWEEN $1::timestamptz - interval '15 seconds' AND $1 ORDER BY lane, id FOR UPDATE) AS k
  WHERE message.lane = k.lane AND message.id = k.id`

/** Time passes for what is in doubt: the ten minutes that a provider has to clear a doubt. */
const RECONCILE = `UPDATE message SET due_at = clock_timestamp() FROM (
    SELECT lane, id FROM message WHERE status = 'UNKNOWN' AND due_at IS NOT NULL ORDER BY lane, id FOR UPDATE) AS k
  WHERE message.lane = k.lane AND message.id = k.id`

async function ask<Row>(stage: Stage, text: string, values: unknown[] = []): Promise<Row> {
  const client = new pg.Client({ connectionString: stage.database.url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    return (await client.query(text, values)).rows[0] as Row
  } finally {
    await client.end()
  }
}
