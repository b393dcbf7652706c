import type { AddressInfo, Socket } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import { type Fault, type Faults, isActedOn } from './faults.ts'
import type { LogEntry, SandboxLog } from './log.ts'
import type { Persona } from './personas.ts'
import { SMTP_CERTIFICATE, SMTP_KEY, smtpPasswordOf } from './smtp-accounts.ts'

export interface SmtpStandIn {
  port: number
  close(): Promise<void>
}

interface Options {
  host: string
  /** 0 takes a free one. */
  port: number
  faults: Faults
  log: SandboxLog
  persona(address: string): Persona
}

const MOST_BYTES = 30 * 1024 * 1024

/** A refusal in a server's words; smtp-server writes the code before them. */
const refusal = (responseCode: number, words: string) => Object.assign(new Error(words), { responseCode })
/** Of a fault that was meant for all providers the status is HTTP's. */
const statusOf = (fault: Fault) => (fault.provider === 'smtp' ? (fault.status ?? 451) : 451)

/**
 * A mail server as one is sent through: STARTTLS and a login are demanded, readers take or refuse the mail by who they are (`bouncer`
 * does not exist, `blocked` refuses, `slow` puts off the first attempt). It calls nobody back; neither does SMTP. Faults strike the
 * mail itself, unless they name a stage. One line of the log is one transaction.
 */
export async function startSmtpStandIn({ host, port, faults, log, persona }: Options): Promise<SmtpStandIn> {
  const sockets = new Map<number, Socket>()
  const putOff = new Set<string>()
  let queued = 0

  const write = (session: SMTPServerSession, outcome: LogEntry['outcome'], status: number, rest: Partial<LogEntry> = {}) =>
    log.append({
      provider: 'smtp',
      account: typeof session.user === 'string' ? session.user : null,
      outcome,
      status,
      messageId: session.envelope.dsn?.envid ?? null,
      providerMessageId: null,
      to: session.envelope.rcptTo[0]?.address ?? null,
      ...rest,
    })
  const reset = (session: SMTPServerSession): void => void sockets.get(session.remotePort)?.resetAndDestroy()

  async function take(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    reply: (error?: Error | null, words?: string) => void,
  ): Promise<void> {
    const fault = faults.draw('smtp')
    const chunks: Buffer[] = []
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      if (fault === null || isActedOn(fault) || fault.kind !== 'reset-before') continue
      write(session, 'lost', 0, { fault: fault.kind })
      return reset(session)
    }
    const mail = await PostalMime.parse(Buffer.concat(chunks))
    const ours = mail.headers.find(({ key }) => key === 'x-throughline-message')?.value ?? session.envelope.dsn?.envid ?? null
    if (fault !== null && !isActedOn(fault)) {
      write(session, 'lost', fault.status ?? 0, { fault: fault.kind, messageId: ours })
      if (fault.kind === 'status') reply(refusal(statusOf(fault), 'told to refuse'))
      return
    }
    if (stream.sizeExceeded) {
      write(session, 'refused', 552, { code: '5.3.4', messageId: ours })
      return reply(refusal(552, '5.3.4 the message is too large'))
    }
    queued += 1
    write(session, 'accepted', 250, { messageId: ours, ...(fault ? { fault: fault.kind } : {}), ...describe(mail) })
    if (fault === null) return reply(null, `2.0.0 queued as ${queued}`)
    if (fault.kind === 'status') return reply(refusal(statusOf(fault), 'told to refuse'))
    // All other faults of a mail that was taken keep its answer back.
    if (fault.kind !== 'hang' && fault.kind !== 'drip') reset(session)
  }

  const server = new SMTPServer({
    key: SMTP_KEY,
    cert: SMTP_CERTIFICATE,
    name: 'sandbox',
    banner: 'Throughline sandbox',
    size: MOST_BYTES,
    hideDSN: false,
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect(_session, done) {
      const fault = faults.draw('smtp', 'connect')
      done(fault === null ? null : refusal(fault.status ?? 421, 'told to turn everybody away'))
    },
    onAuth({ username = '', password }, _session, done) {
      const fault = faults.draw('smtp', 'login')
      if (fault !== null) return done(refusal(fault.status ?? 535, '5.7.8 told to let nobody in'))
      const expected = smtpPasswordOf(username)
      if (expected === null || expected !== password) return done(refusal(535, '5.7.8 authentication credentials invalid'))
      done(null, { user: username })
    },
    onRcptTo({ address }, session, done) {
      const refuse = (status: number, code: string, words: string) => {
        write(session, 'refused', status, { code, to: address })
        done(refusal(status, `${code} <${address}>: ${words}`))
      }
      const fault = faults.draw('smtp', 'recipient')
      if (fault !== null) {
        write(session, 'lost', fault.status ?? 451, { fault: fault.kind, to: address })
        return done(refusal(fault.status ?? 451, 'told to refuse'))
      }
      const reader = persona(address)
      if (reader === 'bouncer') return refuse(550, '5.1.1', 'user unknown')
      if (reader === 'blocked') return refuse(550, '5.7.1', 'message refused')
      if (reader === 'slow' && !putOff.has(address)) {
        putOff.add(address)
        return refuse(451, '4.7.1', 'greylisted, try again')
      }
      done()
    },
    onData(stream, session, reply) {
      take(stream, session, reply).catch((error: unknown) => reply(refusal(451, error instanceof Error ? error.message : 'not read')))
    },
  })
  // A client that goes away in the middle is its own affair.
  server.on('error', () => {})
  server.server.on('connection', (socket) => {
    const { remotePort = 0 } = socket
    sockets.set(remotePort, socket)
    socket.once('close', () => sockets.delete(remotePort))
  })
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(resolve))
      for (const socket of sockets.values()) socket.destroy()
      await closed
    },
  }
}

function describe(mail: Email): Partial<LogEntry> {
  const headers = Object.fromEntries(mail.headers.filter(({ key }) => key.startsWith('list-')).map(({ originalKey, value }) => [originalKey, value]))
  return {
    providerMessageId: mail.messageId?.replace(/^<|>$/g, '') ?? null,
    subject: mail.subject ?? '',
    text: (mail.html ?? mail.text ?? '').slice(0, 4_000),
    headers,
    ...(mail.attachments.length === 0
      ? {}
      : {
          attachments: mail.attachments.map((file) => ({
            name: file.filename ?? '',
            contentType: file.mimeType,
            size: typeof file.content === 'string' ? file.content.length : file.content.byteLength,
            ...(file.contentId ? { contentId: file.contentId.replace(/^<|>$/g, '') } : {}),
          })),
        }),
  }
}
