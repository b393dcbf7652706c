import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashFraction } from '../domain/hash.ts'
import { control, type Sandbox } from './control.ts'
import { type Answer, answerWithFault, isActedOn, openFaults } from './faults.ts'
import { fcmStandIn } from './fcm.ts'
import { openLog } from './log.ts'
import { metaStandIn } from './meta.ts'
import { DEFAULT_MIX, type Mix, type Persona, personaOf, type Reaction } from './personas.ts'
import { openPostman } from './postman.ts'
import { sendgridStandIn } from './sendgrid.ts'
import { startSmtpStandIn } from './smtp.ts'
import type { SandboxRequest, StandIn, Verdict, World } from './stand-in.ts'
import { twilioStandIn } from './twilio.ts'
import { twilioRcsStandIn } from './twilio-rcs.ts'
import { twilioWhatsappStandIn } from './twilio-whatsapp.ts'
import { webPushStandIn } from './web-push.ts'

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  port?: number
  /** The mail server's; one above the other where that is given. */
  smtpPort?: number
  host?: string
  /** Decides who strangers are and whom faults strike. */
  seed?: string
  /** Who strangers are, by weight. */
  mix?: Mix
  /** Milliseconds between a message and each thing its reader does, in turn. */
  pause?: number
  callbacks?: {
    /** The share of callbacks that come twice. */
    duplicate?: number
    /** Whether those of one message come in any order. */
    disorder?: boolean
    attempts?: number
  }
  log?: { keep?: number; file?: string }
}

const MOST_BYTES = 32 * 1024 * 1024
/** Messages that can still be reacted to by hand. */
const REMEMBERED = 20_000

/**
 * The providers' stand-ins on one port of the loopback: they tell themselves apart by their paths,
 * so one base URL serves all. Per message, callbacks included: 45 µs of CPU for a mail, 100 for an
 * SMS with its two callbacks, 60 for a push.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', seed = 'sandbox', mix = DEFAULT_MIX, pause = 10 } = options
  const callbacks = { duplicate: options.callbacks?.duplicate ?? 0, disorder: options.callbacks?.disorder ?? false }
  const log = openLog(options.log)
  const faults = openFaults(seed)
  const postman = openPostman(options.callbacks?.attempts === undefined ? {} : { attempts: options.callbacks.attempts })
  const connections = new Map<string, string>()
  const scripted = new Map<string, Persona>()
  const accepted = new Map<string, (reaction: Reaction) => void>()
  let posted = 0
  const world: World = {
    postman: {
      ...postman,
      post(url, write) {
        posted += 1
        postman.post(url, write)
        if (callbacks.duplicate > 0 && hashFraction(seed, 'duplicate', String(posted)) < callbacks.duplicate) postman.post(url, write)
      },
    },
    persona: (address) => scripted.get(address) ?? personaOf(address, seed, mix),
    callbackUrl: (provider, account) => connections.get(`${provider} ${account}`),
    now: Date.now,
  }
  const twilio = twilioStandIn(world)
  const meta = metaStandIn(world)
  const twilioWhatsapp = twilioWhatsappStandIn(world)
  const twilioRcs = twilioRcsStandIn(world)
  const standIns: readonly StandIn[] = [sendgridStandIn(world), twilioWhatsapp, twilioRcs, twilio, fcmStandIn(world), meta, webPushStandIn(world)]

  function accept({ entry: { messageId, providerMessageId }, accept: keep, react, plan: reactions = [] }: Verdict): void {
    keep?.()
    if (!react) return
    if (messageId !== null) {
      accepted.set(messageId, react)
      if (accepted.size > REMEMBERED) accepted.delete(accepted.keys().next().value ?? '')
    }
    const key = providerMessageId ?? ''
    reactions.forEach((reaction, index) => {
      const chance = hashFraction(seed, 'order', key, String(index))
      const delay = callbacks.disorder ? chance * pause * reactions.length : pause * (index + 1)
      postman.later(delay, () => {
        react(reaction)
      })
    })
  }

  function take(standIn: StandIn, request: SandboxRequest, response: ServerResponse): void {
    const fault = faults.draw(standIn.provider)
    const { provider } = standIn
    if (fault && !isActedOn(fault)) {
      // Looked at for the log's sake only: the oracle counts these by our id, too.
      const { entry } = standIn.send(request)
      const { messageId, to, account } = entry
      log.append({ provider, outcome: 'lost', fault: fault.kind, status: fault.status ?? 0, messageId, to, account, providerMessageId: null })
      answerWithFault(response, fault, { status: 503, body: '' })
      return
    }
    const verdict = standIn.send(request)
    const { status } = verdict.answer
    log.append({ provider, outcome: status < 300 ? 'accepted' : 'refused', status, ...(fault ? { fault: fault.kind } : {}), ...verdict.entry })
    if (status < 300) accept(verdict)
    if (fault) answerWithFault(response, fault, verdict.answer)
    else reply(response, verdict.answer)
  }

  const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, response) => {
    read(incoming, (request) => {
      if (request === null) return reply(response, { status: 413, body: '' })
      const standIn = standIns.find((each) => each.isSend(request.method, request.path, request.body))
      if (standIn) return take(standIn, request, response)
      for (const each of standIns) {
        const answer = each.other(request)
        if (answer) return reply(response, answer)
      }
      reply(response, control(sandbox, request) ?? { status: 404, body: 'Not found' })
    })
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const smtpPort = options.smtpPort ?? (options.port ? options.port + 1 : 0)
  const smtp = await startSmtpStandIn({ host, port: smtpPort, faults, log, persona: world.persona })
  const sandbox: Sandbox = {
    smtpPort: smtp.port,
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    log,
    callbacks,
    connect: ({ provider, account, callbackUrl }) => void connections.set(`${provider} ${account}`, callbackUrl),
    script: (address, persona) => void scripted.set(address, persona),
    react(messageId, reaction) {
      const react = accepted.get(messageId)
      react?.(reaction)
      return react !== undefined
    },
    inbound({ provider = 'twilio', ...message }) {
      if (provider === 'twilio') twilio.inbound(message)
      else ({ meta, twilio_whatsapp: twilioWhatsapp, twilio_rcs: twilioRcs })[provider].inbound(message)
    },
    prefer: meta.prefer,
    review({ provider = 'meta', ...template }) {
      if (provider === 'meta') meta.review(template)
      else twilioWhatsapp.review(template)
    },
    fault: faults.add,
    clearFaults: faults.clear,
    settled: postman.settled,
    async close() {
      await Promise.all([postman.close(), smtp.close()])
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      log.close()
    },
  }
  return sandbox
}

function read(incoming: IncomingMessage, use: (request: SandboxRequest | null) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MOST_BYTES) chunks.push(chunk)
  })
  incoming.on('end', () => {
    if (size > MOST_BYTES) return use(null)
    const target = incoming.url ?? '/'
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
    const bytes = Buffer.concat(chunks)
    use({ method: incoming.method ?? 'GET', path, query, headers: incoming.headers, body: bytes.toString('utf8'), bytes })
  })
  // A client that goes away in the middle is its own affair.
  incoming.on('error', () => {})
}

function reply(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body)
}
