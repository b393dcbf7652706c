import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSessions, type SmtpSessions } from '../../src/channels/smtp-pool.ts'
import { type Deadline, deadlineIn, type SmtpSession } from '../../src/channels/smtp-session.ts'
import { startTerseServer, type TerseServer } from '../support/terse-smtp.ts'

let server: TerseServer
let sessions: SmtpSessions
const deadlines: Deadline[] = []
beforeEach(async () => {
  server = await startTerseServer()
  const policy = { privateHosts: [`127.0.0.1:${server.port}`], httpsOnly: false }
  sessions = openSessions({ host: '127.0.0.1', port: server.port, security: 'NONE', policy }, 2)
})
afterEach(() => {
  for (const each of deadlines.splice(0)) each.cancel()
  sessions.close()
  server.close()
})

const deadline = (millis = 5_000): Deadline => {
  const made = deadlineIn(millis)
  deadlines.push(made)
  return made
}
const nothing = async () => null

/** Holds a session until told to let go. */
function hold(): { held: Promise<SmtpSession>; letGo: () => void; ended: Promise<unknown> } {
  let letGo = () => {}
  const told = new Promise<null>((done) => {
    letGo = () => done(null)
  })
  let begin: (session: SmtpSession) => void = () => {}
  const held = new Promise<SmtpSession>((done) => {
    begin = done
  })
  const ended = sessions.run(deadline(), (session) => {
    begin(session)
    return told
  })
  return { held, letGo, ended }
}

it('uses a good session again, for a hundred mails', async () => {
  for (let sent = 0; sent < 100; sent++) expect(await sessions.run(deadline(), nothing)).toBeNull()
  expect(server.sessions).toBe(1)
  await sessions.run(deadline(), nothing)
  expect(server.sessions).toBe(2)
})

it('opens another for one that broke, and passes faults on', async () => {
  const fault = { stage: 'data', reply: null, code: 'X', message: '', begun: true } as const
  expect(
    await sessions.run(deadline(), async (session) => {
      session.close()
      return fault
    }),
  ).toBe(fault)
  await sessions.run(deadline(), nothing)
  expect(server.sessions).toBe(2)
})

it('has no more than so many at once; who waits is served in turn, or leaves when time is up', async () => {
  const [first, second] = [hold(), hold()]
  await Promise.all([first.held, second.held])
  const order: number[] = []
  const note = (n: number) => async () => {
    order.push(n)
    return null
  }
  const third = sessions.run(deadline(), note(3))
  expect(await sessions.run(deadline(30), note(0))).toMatchObject({ code: 'TIMEOUT', begun: false })
  const fourth = sessions.run(deadline(), note(4))
  first.letGo()
  await Promise.all([third, fourth])
  expect([order, server.sessions]).toEqual([[3, 4], 2])
  second.letGo()
  await second.ended
})

it('says why there is no session', async () => {
  server.close()
  expect(await sessions.run(deadline(), nothing)).toMatchObject({ stage: 'connect', code: 'ECONNREFUSED', begun: false })
})

it('ends every session when it is closed, those in use and those not, and serves nobody after', async () => {
  const first = hold()
  const second = hold()
  const [one, two] = await Promise.all([first.held, second.held])
  const waiting = sessions.run(deadline(), nothing)
  second.letGo()
  await second.ended
  sessions.close()
  expect([one.usable, two.usable]).toEqual([false, false])
  first.letGo()
  await first.ended
  await waiting
  expect(await sessions.run(deadline(), nothing)).toMatchObject({ code: 'CLOSED', begun: false })
})
