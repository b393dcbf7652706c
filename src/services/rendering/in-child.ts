import { readSync, writeSync } from 'node:fs'
import type { Channel } from '../../domain/channel.ts'
import type { WebhookConfig } from '../../domain/journey/nodes/webhook.ts'
import type { JsonObject } from '../../domain/json.ts'
import { ThroughlineError } from '../../errors.ts'
import { type Fault, inspectContent, type Prepared, prepareContent, renderPrepared, type Source, type Uses, usesOf } from '../liquid.ts'
import { type CallScope, type PreparedCall, prepareCall, type RenderedCall, renderPreparedCall, type Secrets } from '../webhooks-render.ts'

/**
 * One content, or one call's settings, to render or to inspect. `source` is left out where the process has had it under the same key, and
 * `key`, of which every one is for one type alone, is null where it is worth keeping under none.
 */
export type Task = { id: number } & (
  | { type: 'render'; channel: Channel; key: string | null; source?: Source; scope: object }
  | { type: 'call'; key: string | null; source?: WebhookConfig; scope: CallScope; secrets: Secrets }
  | { type: 'inspect'; channel: Channel; source: Source }
  | { type: 'uses'; texts: readonly string[] }
)
/** What one line to the process says. */
interface Batch {
  /** Whether all that was kept is to go, before anything else. */
  forget: boolean
  tasks: Task[]
}
export type Answer = { id: number } & (
  | { content: JsonObject }
  | { call: RenderedCall }
  | { fault: Fault | null }
  | { uses: Uses[] }
  | { error: string }
)

/** Milliseconds until answers that are there go out, though more of the batch are to come. */
const LONGEST_SILENCE = 10

/** The process that renders: batches come in by the line, answers go out by the line, and marks say what it is at. It ends with its input. */
const INPUT = 0
const OUTPUT = 1
const MARKS = 3
// Ctrl-C reaches every process of a terminal; the parent still needs this one to finish what is under way.
process.on('SIGINT', () => {})

type Kept<From, Ready> = Map<string, { source: From; prepared?: Ready }>
const contents: Kept<Source, Prepared> = new Map()
const calls: Kept<WebhookConfig, PreparedCall> = new Map()
const mark = Buffer.alloc(8)
/** Two numbers for whoever may have to end this: the task, and how many of its texts are behind it. */
function at(task: number, text: number): void {
  mark.writeUInt32LE(task, 0)
  mark.writeUInt32LE(text, 4)
  writeSync(MARKS, mark)
}

for (const line of lines()) {
  const { forget, tasks } = JSON.parse(line) as Batch
  if (forget) for (const kept of [contents, calls]) kept.clear()
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
  let last = 0
  const atText = (text: number) => {
    if (text !== last) at(task.id, text)
    last = text
  }
  try {
    if (task.type === 'uses') {
      const uses = task.texts.map((text, index) => {
        atText(index)
        return usesOf(text)
      })
      return { uses }
    }
    if (task.type === 'inspect') return { fault: inspectContent(task.channel, task.source, atText) }
    if (task.type === 'call') {
      const prepared = preparedOf(calls, task, (source) => prepareCall(source, atText))
      return { call: renderPreparedCall(prepared, task.scope, task.secrets, atText) }
    }
    const prepared = preparedOf(contents, task, (source) => prepareContent(task.channel, source, atText))
    return { content: renderPrepared(prepared, task.scope, atText) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'does not render' }
  }
}

function preparedOf<From, Ready>(
  kept: Kept<From, Ready>,
  { key, source }: { key: string | null; source?: From },
  prepare: (source: From) => Ready,
): Ready {
  const known = key === null ? undefined : kept.get(key)
  if (known === undefined && source === undefined) throw new ThroughlineError('INTERNAL', 'There is nothing under this key.')
  const entry = known ?? { source: source as From }
  if (key !== null && known === undefined) kept.set(key, entry)
  entry.prepared ??= prepare(entry.source)
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
