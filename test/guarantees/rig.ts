import Fastify from 'fastify'
import { type MessageSender, openSender } from '../../jobs/sender.ts'
import { ASKED_BEFORE, STRANDED_AFTER, sweepStranded } from '../../jobs/stranded.ts'
import { readConfig } from '../../src/config.ts'
import type { Channel } from '../../src/domain/channel.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { RECONCILE_AFTER, type WhenUnknown } from '../../src/domain/ledger.ts'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { openDispatcher, type SendOne } from '../../src/lanes/dispatch.ts'
import { type SandboxProvider, sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import type { LogEntry } from '../../src/sandbox/log.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { connectProvider } from '../../src/services/connections.ts'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { sendMessage } from '../../src/services/sends.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { syncWhatsappTemplates } from '../../src/services/whatsapp-templates.ts'
import { freePort } from '../chaos/processes.ts'
import { LANES } from '../support/ring.ts'
import { openTestServices } from '../support/services.ts'
import { openTurns } from '../support/turns.ts'
import { until } from '../support/until.ts'
import type { Cut } from './cases.ts'
import { buried, openDoomed } from './doomed.ts'

export interface Subject {
  channel: Channel
  /** null on the app's own surface. */
  provider: SandboxProvider | null
  content: JsonObject
  /** The n-th of any number of people who do nothing by themselves. */
  address(n: number, rig: Rig): string
}

export interface Rig {
  sandbox: Sandbox
  /** Where a browser of the sandbox has its push service. */
  origin: string
  /** A workspace with the subject's provider and no other. */
  settle(subject: Subject): Promise<Settled>
  close(): Promise<void>
}

export interface Settled {
  /** A message for somebody of its own, planned and not sent. */
  plan(whenUnknown: WhenUnknown): Promise<{ id: string; contactId: string }>
  /** Another for somebody who has one, sent. */
  companion(contactId: string): Promise<void>
  /** A worker takes the message and is killed at the cut, or lives and is not answered. */
  kill(id: string, cut: Cut): Promise<void>
  /** What the other workers do from the kill until fifteen seconds later: the net's job, and the sweep. */
  sweep(id: string): Promise<void>
  /** The provider reports that it has arrived. */
  callBack(id: string): Promise<void>
  /** The ten minutes after which nothing more is waited for, the sweep just before, and what is sent then. */
  wait(id: string): Promise<void>
  status(id: string): Promise<string>
  /** What the provider accepted of it. */
  accepted(id: string): readonly LogEntry[]
  /** How often it was accepted; on the app's own surface, how often it is shown. */
  count(id: string): Promise<number>
}

/** Everything that sends, over a database of its own, the sandbox and a door for callbacks; callbacks come when they are asked for. */
export async function openRig(): Promise<Rig> {
  const world = await openTestServices()
  const { owner, worker } = world.database
  const sandbox = await startSandbox({ pause: 86_400_000 })
  const port = await freePort()
  const config = readConfig({
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PRIVATE_HOSTS: [new URL(sandbox.url).host, `127.0.0.1:${sandbox.smtpPort}`].join(),
  })
  const services: Services = { ...world.services, config }
  const http = Fastify()
  await http.register(webhookRoutes(services))
  await http.listen({ port, host: '127.0.0.1' })
  const { publicUrl, privateHosts } = config
  const turn = openTurns(world)
  const rows = async <Row>(text: string, values: unknown[]): Promise<Row[]> => (await owner.query(text, values)).rows as Row[]
  const faults: unknown[] = []

  const openWith = (pool: typeof worker, send: SendOne) =>
    openDispatcher({ pool, lanes: LANES, sockets: 4, send, onError: (error) => void faults.push(error) })
  const sender: MessageSender = openSender({ pool: worker, vault: services.vault, publicUrl, privateHosts })
  const survivors = openWith(worker, sender.send)
  const dispatch = async (ids: readonly string[]) => {
    survivors.add(ids, () => {})
    await survivors.drain()
    await turn()
  }

  async function kill(id: string, cut: Cut): Promise<void> {
    const doomed = openDoomed(world.database.url, cut === 'not marked' ? { statement: 'dispatch_mark', when: 'before' } : null)
    // The sender may be everybody's: it has nothing under way when its worker dies.
    const send: SendOne = async (message, attempt) => {
      if (cut === 'marked, not sent') doomed.die()
      const outcome = cut === 'marked, not sent' ? await new Promise<never>(() => {}) : await sender.send(message, attempt)
      if (outcome.type !== 'ok') throw new Error(`the provider was to accept it: ${JSON.stringify(outcome)}`)
      if (cut !== 'reported') doomed.die()
      return outcome
    }
    const dispatcher = openWith(doomed.pool, send)
    dispatcher.add([id], () => {})
    if (cut === 'reported') {
      await dispatcher.drain()
      doomed.die()
    }
    await doomed.dead
  }

  async function settle(subject: Subject): Promise<Settled> {
    const caller: Caller = await world.workspace()
    const { channel, provider, content } = subject
    if (provider !== null) await connect(caller, provider)
    const template = (whenUnknown: WhenUnknown) =>
      createTemplate(services, caller, { name: whenUnknown, channel, variants: [{ locale: 'en', content }], whenUnknown })
    const templates = { HOLD: await template('HOLD'), RESEND: await template('RESEND') }
    let people = 0

    async function loseAnswer(id: string): Promise<void> {
      if (provider !== null) sandbox.fault({ kind: 'reset-after', provider, times: 1 })
      await dispatch([id])
    }

    async function planFor(contact: { externalId: string }, whenUnknown: WhenUnknown): Promise<string> {
      const id = await sendMessage(services, caller, { contact, templateId: templates[whenUnknown] })
      await turn()
      return id
    }
    const status = async (id: string) => (await rows<{ status: string }>('SELECT status FROM message WHERE id = $1', [id]))[0]?.status ?? 'GONE'
    const accepted = (id: string) => sandbox.log.entries().filter((entry) => entry.messageId === id && entry.outcome === 'accepted')
    return {
      async plan(whenUnknown) {
        const contact = { externalId: `person-${people++}` }
        const contactId = await upsertContact(services, caller, { contact })
        if (provider !== null) await addIdentity(services, caller, { contact, channel, address: subject.address(people, rig) })
        return { id: await planFor(contact, whenUnknown), contactId }
      },
      async companion(contactId) {
        const [{ external_id: externalId } = { external_id: '' }] = await rows<{ external_id: string }>(
          'SELECT external_id FROM contact WHERE id = $1',
          [contactId],
        )
        await dispatch([await planFor({ externalId }, 'HOLD')])
      },
      kill: (id, cut) => (cut === 'answer lost' ? loseAnswer(id) : kill(id, cut)),
      async sweep(id) {
        await turn()
        await dispatch([id])
        await rows(`UPDATE message SET dispatching_at = dispatching_at - $2 * interval '1 millisecond' WHERE id = $1`, [id, STRANDED_AFTER + 1_000])
        await sweepStranded(worker, LANES, sender.lookUp)
        await turn()
      },
      async callBack(id) {
        if (!sandbox.react(id, 'delivered')) throw new Error('the sandbox has accepted no such message')
        await until(async () => {
          await turn()
          return (await status(id)) === 'DELIVERED'
        })
      },
      async wait(id) {
        const pass = (millis: number) => rows(`UPDATE message SET due_at = due_at - $2 * interval '1 millisecond' WHERE id = $1`, [id, millis])
        await pass(RECONCILE_AFTER - ASKED_BEFORE + 1_000)
        await sweepStranded(worker, LANES, sender.lookUp)
        await dispatch(await turn())
        await pass(ASKED_BEFORE)
        await dispatch(await turn())
      },
      status,
      accepted,
      count: async (id) => (provider === null ? (await rows('SELECT FROM in_app_message WHERE id = $1', [id])).length : accepted(id).length),
    }
  }

  async function connect(caller: Caller, provider: SandboxProvider): Promise<void> {
    const { credentials, settings } = sandboxCredentials('guarantees')[provider]
    const own = provider === 'smtp' ? { ...settings, port: sandbox.smtpPort } : { ...settings }
    const input = { provider, name: provider, credentials: { ...credentials }, settings: own, baseUrl: provider === 'smtp' ? null : sandbox.url }
    const { id } = await connectProvider(services, caller, input)
    const callbackUrl = `${publicUrl}/webhooks/${provider}/${id}`
    const accounts = sandboxCredentials('guarantees')
    if (provider === 'sendgrid') sandbox.connect({ provider, account: accounts.sendgrid.credentials.apiKey, callbackUrl })
    if (provider === 'meta') sandbox.connect({ provider, account: accounts.meta.settings.phoneNumberId, callbackUrl })
    if (provider === 'meta' || provider === 'twilio_whatsapp') await syncWhatsappTemplates(services, caller, id)
  }

  const rig: Rig = {
    sandbox,
    origin: sandbox.url,
    settle,
    async close() {
      await sender.close()
      await sandbox.close()
      await http.close()
      await buried(owner)
      await world.close()
      if (faults.length > 0) throw faults[0]
    },
  }
  return rig
}
