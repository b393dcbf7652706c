import { once } from 'node:events'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { buildMail } from '../../src/channels/smtp-mail.ts'
import { derivedId } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'

/** As many sessions as the adapter keeps with one server. */
const SESSIONS = 8

/** A bare SMTP client: sessions open and logged in, over which one mail, built once, is sent again and again. */
export async function openBareMail(
  server: { host: string; port: number },
  { address, content }: { address: string; content: JsonObject },
): Promise<{ send(): Promise<void>; close(): Promise<void> }> {
  const { credentials, settings } = sandboxCredentials('bench').smtp
  const id = derivedId(1_750_000_000_000, 7, 'bench', 'mail')
  const { bytes } = await buildMail(
    {
      id,
      workspaceId: 'bench',
      attempt: 1,
      channel: 'email',
      purpose: 'TRANSACTIONAL',
      address,
      platform: null,
      content,
      unsubscribeUrl: null,
    },
    { email: settings.fromEmail, name: settings.fromName },
  )
  const all = await Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      const session = new SMTPConnection({ ...server, requireTLS: true, tls: { ca: settings.caCertificate } })
      await new Promise<void>((done, fail) => session.once('error', fail).connect((error) => (error ? fail(error) : done())))
      const login = { user: credentials.username, pass: credentials.password }
      await new Promise<void>((done, fail) => session.login(login, (error) => (error ? fail(error) : done())))
      return session
    }),
  )
  const idle = [...all]
  const waiting: ((session: SMTPConnection) => void)[] = []
  return {
    async send() {
      const session = idle.pop() ?? (await new Promise<SMTPConnection>((take) => waiting.push(take)))
      const envelope = { from: settings.fromEmail, to: [address], size: bytes.length }
      await new Promise<void>((done, fail) => session.send(envelope, bytes, (error) => (error ? fail(error) : done())))
      const next = waiting.shift()
      if (next === undefined) idle.push(session)
      else next(session)
    },
    async close() {
      const ended = all.map((session) => once(session, 'end'))
      for (const session of all) session.quit()
      await Promise.all(ended)
    },
  }
}
