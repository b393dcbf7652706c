import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { OutgoingPolicy } from '../domain/public-address.ts'
import { openGuard } from './address-guard.ts'
import type { SmtpFault } from './smtp-codes.ts'

export interface SmtpServer {
  host: string
  port: number
  /** STARTTLS and TLS are required where they are named: nobody in between can talk a session out of it. */
  security: 'STARTTLS' | 'TLS' | 'NONE'
  /** PEM; trusted instead of the usual authorities. */
  caCertificate?: string | undefined
  username?: string | undefined
  password?: string | undefined
  policy: OutgoingPolicy
}

/** An attempt's time: `passed` resolves when it is over. */
export interface Deadline {
  passed: Promise<null>
  cancel(): void
}

export function deadlineIn(millis: number): Deadline {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), millis)
  })
  return { passed, cancel: () => clearTimeout(timer) }
}

export interface SmtpSession {
  /** One transaction: MAIL, RCPT, DATA. null: the server has taken the mail. */
  send(mail: { id: string; from: string; to: string; bytes: Buffer }, deadline: Deadline): Promise<SmtpFault | null>
  /** Whether another mail may be sent in it. */
  readonly usable: boolean
  close(): void
}

type Fault = Error & Partial<Record<'code' | 'originalCode' | 'command' | 'response', string | undefined>>

/** What nodemailer itself refuses, before a server could, in a server's words. */
const OWN_REFUSALS: Readonly<Record<string, string>> = { EENVELOPE: '501 5.1.3 no valid address', EMESSAGE: '552 5.3.4 larger than the server takes' }
const STAGES: Readonly<Record<string, SmtpFault['stage']>> = { 'MAIL FROM': 'sender', 'RCPT TO': 'recipient', DATA: 'data' }

function faultOf(error: Fault, stage: SmtpFault['stage'], begun: boolean): SmtpFault {
  const { code = 'NETWORK', originalCode, command = '', response, message } = error
  const own = response === undefined && !begun ? OWN_REFUSALS[code] : undefined
  const where = own !== undefined && /recipient/i.test(message) ? 'recipient' : (STAGES[command] ?? stage)
  return { stage: where, reply: response ?? own ?? null, code: originalCode ?? code, message, begun }
}

/** Waits for one step of a session, whatever ends it; after a fault the session is closed. */
type Step = (
  stage: SmtpFault['stage'],
  deadline: Deadline,
  act: (done: (error?: Fault | null) => void) => void,
  begun?: () => boolean,
) => Promise<SmtpFault | null>

function stepsOf(connection: SMTPConnection): Step {
  // Told to whoever waits; with nobody waiting, an idle session merely ends.
  let failed: (error: Fault) => void = () => {}
  connection.on('error', (error: Fault) => failed(error))
  return (stage, deadline, act, begun = () => false) =>
    new Promise((resolve) => {
      let settled = false
      const settle = (fault: SmtpFault | null) => {
        if (settled) return
        settled = true
        if (fault !== null) connection.close()
        resolve(fault)
      }
      failed = (error) => settle(faultOf(error, stage, begun()))
      void deadline.passed.then(() => settle({ stage, reply: null, code: 'TIMEOUT', message: 'The server took too long.', begun: begun() }))
      act((error) => settle(error ? faultOf(error, stage, begun()) : null))
    })
}

/** The socket, past the address guard: a host is as much a stranger's word as a URL. */
function dial({ host, port, policy }: SmtpServer): Promise<Socket> {
  const guard = openGuard(policy)
  return new Promise((resolve, reject) => {
    // The guard judges by scheme, too; what is said over this socket is SMTP.
    guard({ hostname: host, host: `${host}:${port}`, protocol: 'http:', port: String(port) }, (error, socket) => {
      if (error !== null) reject(error)
      else resolve(socket as Socket)
    })
  })
}

/** A session ready for mail, or why there is none: in either case nothing of any mail was sent. */
export async function openSession(server: SmtpServer, deadline: Deadline): Promise<SmtpSession | SmtpFault> {
  const { security, caCertificate, host, port, username, password } = server
  const dialled = dial(server)
  const socket = await Promise.race([dialled, deadline.passed]).catch((error: Fault) => faultOf(error, 'connect', false))
  if (socket === null) {
    dialled.then((unused) => unused.destroy()).catch(() => {})
    return { stage: 'connect', reply: null, code: 'TIMEOUT', message: 'The server took too long.', begun: false }
  }
  if ('stage' in socket) return socket
  const connection = new SMTPConnection({
    host,
    port,
    connection: socket,
    secure: security === 'TLS',
    requireTLS: security === 'STARTTLS',
    ignoreTLS: security === 'NONE',
    tls: { minVersion: 'TLSv1.2', ...(caCertificate === undefined ? {} : { ca: caCertificate }) },
    maxResponseSize: 65_536,
    socketCloseTimeout: 0,
  })
  const step = stepsOf(connection)
  const refused =
    (await step('connect', deadline, (done) => connection.connect(done))) ??
    (username === undefined ? null : await step('login', deadline, (done) => connection.login({ user: username, pass: password ?? '' }, done)))
  if (refused !== null) return refused
  return {
    send(mail, until) {
      let begun = false
      // Read from only once the server has asked for the mail: from the first byte on it may have it.
      const source = new Readable({
        read() {
          begun = true
          this.push(mail.bytes)
          this.push(null)
        },
      })
      const envelope = { from: mail.from, to: [mail.to], size: mail.bytes.length, dsn: { id: mail.id, ret: 'HDRS' } }
      return step(
        'sender',
        until,
        (done) => connection.send(envelope, source, done),
        () => begun,
      )
    },
    get usable() {
      return !connection.destroyed
    },
    close: () => connection.close(),
  }
}
