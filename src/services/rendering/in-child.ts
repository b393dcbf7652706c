import { readSync, writeSync } from 'node:fs'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { type Fault, inspectContent, type Prepared, prepareContent, renderPrepared, type Source, type Uses, usesOf } from '../liquid.ts'

/**
 * One content to render or to inspect. `source` is left out where the process has had it under the same key, and `key` is
 * null where it is worth keeping under none.
 */
export type Task = { id: number } & (
  | { type: 'render'; channel: Channel; key: string | null; source?: Source; scope: object }
  | { type: 'inspect'; channel: Channel; source: Source }
  | { type: 'uses'; texts: readonly string[] }
)
/** What one line to the process says. */
interface Batch {
  /** Whether all that was kept is to go, before anything else. */
  forget: boolean
  tasks: Task[]
}
export type Answer = { id: number } & ({ content: JsonObject } | { fault: Fault | null } | { uses: Uses[] } | { error: string })

/** Milliseconds until answers that are there go out, though more of the batch are to come. */
const LONGEST_SILENCE = 10

/** The process that renders: batches come in by the line, answers go out by the line, and marks say what it is at. It ends with its input. */
const INPUT = 0
const OUTPUT = 1
const MARKS = 3
// Ctrl-C reaches every process of a terminal; the parent still needs this one to finish what is under way.
process.on('SIGINT', () => {})

const kept = new Map<string, { source: Source; prepared?: Prepared }>()
const mark = Buffer.alloc(8)
/** Two numbers for whoever may have to end this: the task, and how many of its texts are behind it. */
function at(task: number, text: number): void {
  mark.writeUInt32LE(task, 0)
  mark.writeUInt32LE(text, 4)
  writeSync(MARKS, mark)
}

for (const line of lines()) {
  const { forget, tasks } = JSON.parse(line) as Batch
  if (forget) kept.clear()
  let answers: Answer[] = []
  let last = performance.now()
  for (const task of tasks) {
    at(task.id, 0)
    answers.push({ id: task.id, ...answerTo(task) })
    if (performance.now() - last < LONGEST_SILENCE) continue
    say(answers)
    answers = []
    last = performance.now()
  }
  if (answers.length > 0) say(answers)
}

function answerTo(task: Task) {
  const atText = (text: number) => {
    if (text > 0) at(task.id, text)
  }
  try {
    if (task.type === 'uses') return { uses: task.texts.map(usesOf) }
    if (task.type === 'inspect') return { fault: inspectContent(task.channel, task.source, atText) }
    return { content: renderPrepared(preparedOf(task, atText), task.scope, atText) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'does not render' }
  }
}

function preparedOf({ channel, key, source }: Extract<Task, { type: 'render' }>, atText: (text: number) => void): Prepared {
  const known = key === null ? undefined : kept.get(key)
  const entry = known ?? { source: source ?? { content: {} } }
  if (key !== null && known === undefined) kept.set(key, entry)
  entry.prepared ??= prepareContent(channel, entry.source, atText)
  return entry.prepared
}

function say(answers: readonly Answer[]): void {
  const bytes = Buffer.from(`${JSON.stringify(answers)}\n`)
  for (let done = 0; done < bytes.length; ) done += writeSync(OUTPUT, bytes, done)
}

/** There is nothing else to do while no batch is there, so reading may block; JSON has no line break but between two. */
function* lines(): Generator<string> {
  const chunk = Buffer.alloc(65_536)
  let parts: Buffer[] = []
  for (let length = readSync(INPUT, chunk); length > 0; length = readSync(INPUT, chunk)) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0 && end < length; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString()
      parts = []
      from = end + 1
    }
    if (from < length) parts.push(Buffer.from(chunk.subarray(from, length)))
  }
}
