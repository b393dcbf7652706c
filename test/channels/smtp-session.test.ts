import { afterEach, expect, it } from 'vitest'
import { type Deadline, deadlineIn, openSession, type SmtpSession } from '../../src/channels/smtp-session.ts'
import { startTerseServer, type TerseServer } from '../support/terse-smtp.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

const deadline = (millis = 5_000): Deadline => {
  const made = deadlineIn(millis)
  open.push({ close: made.cancel })
  return made
}
async function serve(...how: Parameters<typeof startTerseServer>): Promise<TerseServer> {
  const server = await startTerseServer(...how)
  open.push(server)
  return server
}
async function session(port: number, login: object = {}, until = deadline()) {
  const policy = { privateHosts: [`127.0.0.1:${port}`], httpsOnly: false }
  const made = await openSession({ host: '127.0.0.1', port, security: 'NONE', policy, ...login }, until)
  if ('send' in made) open.push(made)
  return made
}
const opened = async (port: number): Promise<SmtpSession> => {
  const made = await session(port)
  if (!('send' in made)) throw new Error(JSON.stringify(made))
  return made
}
const MAIL = {
  id: '0197f000-0000-8007-8000-000000000001',
  from: 'a@b.example',
  to: 'c@d.example',
  bytes: Buffer.from('Subject: x\r\n\r\nHello\r\n.\r\nthere\r\n'),
}

it('is one transaction a mail, and takes another after it', async () => {
  const server = await serve()
  const one = await opened(server.port)
  expect(await one.send(MAIL, deadline())).toBeNull()
  expect(await one.send(MAIL, deadline())).toBeNull()
  expect(server.said).toEqual(['EHLO', 'MAIL', 'RCPT', 'DATA', '.', 'MAIL', 'RCPT', 'DATA', '.'])
  expect(one.usable).toBe(true)
  one.close()
  expect(one.usable).toBe(false)
})

it.each([
  ['MAIL', 'sender'],
  ['RCPT', 'recipient'],
  ['DATA', 'data'],
  ['.', 'data'],
] as const)('tells where a refusal came (%s), in the server’s words, and ends', async (word, stage) => {
  const server = await serve({ [word]: '550 5.1.1 no' })
  const one = await opened(server.port)
  expect(await one.send(MAIL, deadline())).toMatchObject({ stage, reply: '550 5.1.1 no', begun: word === '.' })
  expect(one.usable).toBe(false)
})

it.each([
  ['MAIL', false],
  ['RCPT', false],
  ['DATA', false],
  ['.', true],
] as const)('tells whether the mail had begun when the session broke, or fell silent (%s)', async (word, begun) => {
  const broken = await opened((await serve({ [word]: 'reset' })).port)
  expect(await broken.send(MAIL, deadline())).toMatchObject({ reply: null, begun })
  const silent = await opened((await serve({ [word]: null })).port)
  expect(await silent.send(MAIL, deadline(50))).toMatchObject({ code: 'TIMEOUT', reply: null, begun })
  expect([broken.usable, silent.usable]).toEqual([false, false])
})

it('logs in where it is told to, and says so where that fails', async () => {
  const login = { username: 'u', password: 'p' }
  const server = await serve({ EHLO: '250-here\r\n250 AUTH PLAIN', AUTH: '235 come in' })
  expect(await session(server.port, login)).toHaveProperty('send')
  expect(server.said).toEqual(['EHLO', 'AUTH'])
  const strict = await serve({ EHLO: '250-here\r\n250 AUTH PLAIN', AUTH: '535 5.7.8 no' })
  expect(await session(strict.port, login)).toMatchObject({ stage: 'login', reply: '535 5.7.8 no', begun: false })
})

it('waits no longer for a greeting than its attempt may take', async () => {
  const mute = await serve({}, '')
  expect(await session(mute.port, {}, deadline(50))).toMatchObject({ stage: 'connect', code: 'TIMEOUT', begun: false })
})

it('outlives its opener’s deadline', async () => {
  const server = await serve()
  const brief = deadlineIn(30)
  const policy = { privateHosts: [`127.0.0.1:${server.port}`], httpsOnly: false }
  const made = await openSession({ host: '127.0.0.1', port: server.port, security: 'NONE', policy }, brief)
  await brief.passed
  if (!('send' in made)) throw new Error(JSON.stringify(made))
  open.push(made)
  expect(await made.send(MAIL, deadline())).toBeNull()
})

it('refuses what is no address before the server could', async () => {
  const one = await opened((await serve()).port)
  expect(await one.send({ ...MAIL, to: 'a@b.example>\r\nDATA' }, deadline())).toMatchObject({
    stage: 'recipient',
    reply: expect.stringMatching(/^501 5\.1\.3/),
  })
  const narrow = await opened((await serve({ EHLO: '250-here\r\n250 SIZE 10' })).port)
  expect(await narrow.send(MAIL, deadline())).toMatchObject({ reply: expect.stringMatching(/^552 5\.3\.4/), begun: false })
})
