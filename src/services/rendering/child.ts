import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Answer } from './in-child.ts'

/** What it was at when it ended; task 0 where it was at none. */
export interface End {
  task: number
  text: number
  /** `killed` where it was ended from outside, and what it was at need not be why. */
  why: 'late' | 'memory' | 'killed'
}

export interface RenderProcess {
  /** One batch, of tasks as JSON, at a time: the next when every task of the last has its answer. */
  post(tasks: readonly string[], forget: boolean): void
  /** Ends it, and resolves when it has ended. */
  close(): Promise<void>
}

/** How often a deadline's passing is looked for within it. */
const LOOKS = 10
export interface Bounds {
  /** Milliseconds at one content. */
  deadline: number
  /** Megabytes. */
  heap: number
}

/**
 * A process that renders, killed when it has been at one content for its deadline; out of memory it ends by
 * itself, and alone. It is given no environment, and keeps nobody alive but while answers are due. `ended` is told once, but not of `close()`.
 */
export function startChild({ deadline, heap }: Bounds, told: { answered(answers: Answer[]): void; ended(end: End): void }): RenderProcess {
  const script = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './in-child.ts' : './in-child.js', import.meta.url))
  // Node takes the types out by itself. What it has to say of its end is said of the template instead.
  const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, script], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'], env: {} })
  const [input, output, , marks] = child.stdio as unknown as [Socket, Socket, null, Socket]
  let closed = false
  let why: End['why'] = 'killed'
  let posted = 0
  let looking: NodeJS.Timeout | null = null
  let task = 0
  let text = 0

  const rest = () => clearInterval(looking ?? undefined)
  const look = () => {
    rest()
    let before = 0
    let seen = 0
    looking = setInterval(() => {
      seen = task !== 0 && task === before ? seen + 1 : 1
      before = task
      // Looks are counted and not time: a process that stood still must not blame what its child was at.
      if (task === 0 || seen < LOOKS) return
      why = 'late'
      child.kill('SIGKILL')
    }, deadline / LOOKS)
  }
  let partial: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  marks.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([partial, chunk])
    const whole = all.length - (all.length % 8)
    partial = all.subarray(whole)
    if (whole === 0) return
    task = all.readUInt32LE(whole - 8)
    text = all.readUInt32LE(whole - 4)
  })
  let line = ''
  output.setEncoding('utf8').on('data', (chunk: string) => {
    line += chunk
    if (!chunk.includes('\n')) return
    const lines = line.split('\n')
    line = lines.pop() ?? ''
    for (const each of lines) {
      const answers = JSON.parse(each) as Answer[]
      posted -= answers.length
      if (posted === 0) rest()
      told.answered(answers)
    }
  })
  const ended = new Promise<void>((done) => {
    child.once('error', () => done())
    child.once('close', (_code, signal) => {
      // How Node ends where its heap is full.
      if (signal === 'SIGABRT') why = 'memory'
      done()
    })
  }).then(() => {
    rest()
    if (!closed) told.ended({ task, text, why })
  })
  // A pipe that breaks is one that ended.
  for (const each of [input, output, marks]) each.on('error', () => {}).unref()
  child.unref()

  return {
    post(tasks, forget) {
      posted = tasks.length
      // What was there of the last batch must not be held against this one.
      task = 0
      input.write(`{"forget":${forget},"tasks":[${tasks.join(',')}]}\n`)
      look()
    },
    async close() {
      closed = true
      child.ref()
      child.kill('SIGKILL')
      await ended
    },
  }
}
