import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface TerseServer {
  port: number
  /** First words of commands, in order; `.` for the end of a mail. */
  said: string[]
  /** Sessions that were opened. */
  sessions: number
  sockets: Socket[]
  close(): void
}

/** A mail server of few words: greets, then answers each command by its first word as told (null: not at all, `reset`), else by `250 ok`. */
export async function startTerseServer(answers: Record<string, string | null> = {}, greeting = '220 here'): Promise<TerseServer> {
  const found: TerseServer = { port: 0, said: [], sessions: 0, sockets: [], close: () => {} }
  const server: Server = createServer((socket) => {
    found.sessions += 1
    found.sockets.push(socket)
    socket.on('error', () => {})
    if (greeting !== '') socket.write(`${greeting}\r\n`)
    let rest = ''
    let inMail = false
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const word = inMail ? (line === '.' ? '.' : '') : (line.split(' ')[0] ?? '')
        if (word === '') continue
        found.said.push(word)
        const answer = word in answers ? answers[word] : word === 'DATA' ? '354 go on' : '250 ok'
        inMail = word === 'DATA' && (answer ?? '').startsWith('3')
        if (answer === 'reset') socket.resetAndDestroy()
        else if (answer != null) socket.write(`${answer}\r\n`)
      }
    })
  }).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  found.port = (server.address() as AddressInfo).port
  found.close = () => {
    for (const socket of found.sockets) socket.destroy()
    server.close()
  }
  return found
}
