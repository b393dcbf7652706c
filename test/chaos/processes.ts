import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ENTRY = { api: '../../src/main.ts', worker: '../../jobs/main.ts' } as const
export type Role = keyof typeof ENTRY

/** What a process logs once it does its work. */
const READY = { api: 'API ready', worker: 'worker started' } as const
const SLOWEST_START = 60_000

export interface Troop {
  /**
   * Starts one; resolves when it says that it is ready, or does not become ready in a minute, which is a fault. One that
   * ends meanwhile is a fault, too, and started again, as whoever supervises processes would.
   */
  start(role: Role): Promise<void>
  /** kill -9 of one that is ready, by its place among those that are; resolves when it is gone. */
  kill(role: Role, which?: number): Promise<void>
  /** Stops one that is ready without ending it, and lets it go on after so long, should it be there still. */
  freeze(role: Role, which: number, millis: number): void
  /** How many are ready. */
  count(role: Role): number
  /** Resolves when nobody is starting or stands still any more. */
  settled(): Promise<void>
  /** Endings nobody asked for, and the first thing each kind of error log line said. */
  faults: { exits: string[]; errors: Map<string, number> }
  /** kill -9 of all that are left. */
  close(): Promise<void>
}

interface Member {
  role: Role
  child: ChildProcess
  ready: boolean
}

/** API and workers as in production: their entry points, each a process of its own, tsx in the place of a build. */
export function openTroop(environment: Record<string, string>): Troop {
  const members = new Set<Member>()
  const faults: Troop['faults'] = { exits: [], errors: new Map() }
  let starting = 0
  let closed = false
  const ready = (role: Role) => [...members].filter((each) => each.role === role && each.ready)

  async function end(member: Member): Promise<void> {
    members.delete(member)
    const { child } = member
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  function hear(member: Member, line: string): void {
    const said = readLine(line)
    if (said?.msg === READY[member.role]) member.ready = true
    if (said === null || said.level < 50) return
    const why = said.error?.message?.replace(/\(Queue: .*|\d{2,}/g, '')
    const error = [`${member.role}: ${said.msg}`, said.error?.code ?? said.error?.type, why].filter(Boolean).join(', ')
    faults.errors.set(error, (faults.errors.get(error) ?? 0) + 1)
  }

  function spawn(role: Role): Member {
    const child = fork(fileURLToPath(new URL(ENTRY[role], import.meta.url)), [], {
      execArgv: ['--import', 'tsx', '--import', new URL('./leash.ts', import.meta.url).href],
      env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'info', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const member: Member = { role, child, ready: false }
    members.add(member)
    let last = ''
    createInterface({ input: child.stdout as Readable }).on('line', (line) => hear(member, line))
    createInterface({ input: child.stderr as Readable }).on('line', (line) => {
      last = `${last}\n${line}`.slice(-2_000)
    })
    child.once('exit', (code, signal) => {
      // Whoever was ended on purpose is no member any more.
      if (!members.delete(member)) return
      faults.exits.push(`${role}${member.ready ? '' : ', starting,'} ended with ${code ?? signal}:${last}`)
      if (member.ready) void start(role)
    })
    return member
  }

  async function start(role: Role): Promise<void> {
    starting++
    const until = Date.now() + SLOWEST_START
    let member: Member | null = null
    while (!closed && !member?.ready) {
      if (member !== null && Date.now() > until) {
        faults.exits.push(`${role} does not become ready`)
        await end(member)
        break
      }
      if (member === null || !members.has(member)) member = spawn(role)
      await sleep(20)
    }
    starting--
  }

  return {
    faults,
    count: (role) => ready(role).length,
    async settled() {
      while (starting > 0) await sleep(20)
    },
    start,
    async kill(role, which = 0) {
      const candidates = ready(role)
      const chosen = candidates[which % Math.max(1, candidates.length)]
      if (chosen !== undefined) await end(chosen)
    },
    freeze(role, which, millis) {
      const candidates = ready(role)
      const chosen = candidates[which % Math.max(1, candidates.length)]
      if (chosen === undefined) return
      chosen.child.kill('SIGSTOP')
      starting++
      void sleep(millis).then(() => {
        chosen.child.kill('SIGCONT')
        starting--
      })
    },
    async close() {
      closed = true
      await Promise.all([...members].map(end))
    },
  }
}

interface LogLine {
  level: number
  msg: string
  error?: { type?: string; message?: string; code?: string }
}

function readLine(line: string): LogLine | null {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return null
  }
}

/** A port of the loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
