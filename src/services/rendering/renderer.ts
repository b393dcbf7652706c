import type { Channel } from '../../domain/channel.ts'
import { templateTexts } from '../../domain/content.ts'
import { type WebhookConfig, webhookTexts } from '../../domain/journey/nodes/webhook.ts'
import type { JsonObject } from '../../domain/json.ts'
import { ThroughlineError } from '../../errors.ts'
import type { Fault, Source, Uses } from '../liquid.ts'
import type { CallScope, RenderedCall, Secrets } from '../webhooks-render.ts'
import { type Bounds, type End, type RenderProcess, startChild } from './child.ts'
import type { Answer, Task } from './in-child.ts'

export interface Renderer {
  /**
   * The content as somebody with this data gets it. `key` names an immutable content, which each process is sent and
   * parses once. Throws TEMPLATE_INVALID where it does not render, or takes too long or too much; UNAVAILABLE where nothing could be tried.
   */
  render(channel: Channel, source: Source, scope: object, key?: string): Promise<JsonObject>
  /**
   * The request a webhook node's settings describe, as `render` has it of a content; `key` names the settings of one version's node.
   * TEMPLATE_INVALID names the field, and no message holds a secret.
   */
  renderCall(config: WebhookConfig, scope: CallScope, secrets: Secrets, key?: string): Promise<RenderedCall>
  /** What keeps the content from being sent, whatever the data; null where nothing is known to. Throws UNAVAILABLE. */
  inspect(channel: Channel, source: Source): Promise<Fault | null>
  /** The partials each text names itself, or why it is no template: which all of them are told where one takes too long, or too much. Throws UNAVAILABLE. */
  uses(texts: readonly string[]): Promise<Uses[]>
  close(): Promise<void>
}

/** A task that waits or is under way, with all it needs to be given to another process. */
interface Waiting {
  task: Task
  source: Source | WebhookConfig | null
  /** Whether a process was ended over it, late or from outside: on a busy machine once may be chance. */
  tried: boolean
  done(answer: Answer | Lost): void
}
/** No answer will come: a process ended over it, or there is none. */
type Lost = { lost: Fault; text: number } | { unavailable: true }

interface Place {
  child: RenderProcess | null
  /** What it was given and has not answered, by id. */
  under: Map<number, Waiting>
  /** Keys whose contents it has, and their size together. */
  keys: Set<string>
  size: number
}

const LARGEST_BATCH = 500
/** Characters of a batch; contents and data of a megabyte each must not fill its memory before it is at any. */
const LONGEST_BATCH = 4_000_000
/** Characters of contents that a process keeps, which parsed take some twenty bytes each; and what the smallest counts. */
const MOST_KEPT = 4_000_000
const LEAST_COUNTED = 2_000
/** A content that ended this many processes within a minute is refused until that minute is over, for others wait behind it. */
const MOST_ENDED = 3
const MINUTE = 60_000
const LARGEST_ID = 0x7fff_ffff

/**
 * Renders and inspects templates in processes of their own, where one that would run for good, or fill the memory, is ended and
 * the rest goes to a fresh one. What is asked for in one turn of the event loop travels as one message.
 */
export function openRenderer({ processes = 1, deadline = 1_000, heap = 256 }: Partial<Bounds> & { processes?: number } = {}): Renderer {
  const places: Place[] = Array.from({ length: processes }, () => ({ child: null, under: new Map(), keys: new Set(), size: 0 }))
  const refused = new Map<string, { ended: number; until: number }>()
  let queue: Waiting[] = []
  let lastId = 0
  let scheduled = false
  let closed = false

  const pump = () => {
    scheduled = false
    for (const place of places) {
      if (queue.length === 0 || closed) return
      if (place.under.size > 0) continue
      give(place)
    }
  }
  const give = (place: Place) => {
    const forget = place.size > MOST_KEPT
    if (forget) emptied(place)
    const tasks: string[] = []
    for (let size = 0; size < LONGEST_BATCH && tasks.length < LARGEST_BATCH; ) {
      const next = queue.shift()
      if (next === undefined) break
      const text = textOf(place, next)
      if (text === null) {
        next.done({ lost: { path: [], message: 'is nested too deeply, or its data is' }, text: 0 })
        continue
      }
      place.under.set(next.task.id, next)
      tasks.push(text)
      size += text.length
    }
    if (tasks.length === 0) return
    place.child ??= startChild({ deadline, heap }, { answered: (answers) => answered(place, answers), ended: (end) => ended(place, end) })
    place.child.post(tasks, forget)
  }
  const answered = (place: Place, answers: Answer[]) => {
    for (const answer of answers) {
      const { done } = place.under.get(answer.id) ?? {}
      place.under.delete(answer.id)
      done?.(answer)
    }
    if (place.under.size === 0) pump()
  }
  const ended = (place: Place, end: End) => {
    const left = [...place.under.values()]
    place.child = null
    place.under.clear()
    emptied(place)
    const fault = left.find((each) => each.task.id === end.task)
    if (end.task === 0) {
      // It ended with nothing at hand: the next would, too, and whoever waits may ask again.
      for (const each of left) each.done({ unavailable: true })
      return pump()
    }
    const again = fault !== undefined && end.why !== 'memory' && !fault.tried
    if (again) fault.tried = true
    queue = [...left.filter((each) => each !== fault || again), ...queue]
    if (fault !== undefined && !again) {
      blame(fault)
      fault.done({ lost: { path: pathOf(fault, end.text), message: wordsOf(end.why, deadline) }, text: end.text })
    }
    pump()
  }
  const blame = ({ task }: Waiting) => {
    const key = keyOf(task)
    if (key === null) return
    const now = performance.now()
    for (const [past, { until }] of refused) if (until < now) refused.delete(past)
    refused.set(key, { ended: (refused.get(key)?.ended ?? 0) + 1, until: now + MINUTE })
  }
  const refuse = (key: string | undefined) => {
    const known = key === undefined ? undefined : refused.get(key)
    if (known !== undefined && known.ended >= MOST_ENDED && known.until > performance.now())
      throw new ThroughlineError('TEMPLATE_INVALID', `took too long or too much memory ${known.ended} times within a minute`)
  }
  const ask = (task: Task, source: Waiting['source']): Promise<Answer | Lost> =>
    new Promise((done) => {
      if (closed) return done({ unavailable: true })
      queue.push({ task, source, tried: false, done })
      if (scheduled) return
      scheduled = true
      setImmediate(pump)
    })
  const nextId = () => {
    lastId = lastId === LARGEST_ID ? 1 : lastId + 1
    return lastId
  }

  return {
    async render(channel, source, scope, key) {
      refuse(key)
      const answer = await ask({ id: nextId(), type: 'render', channel, key: key ?? null, scope }, source)
      if ('content' in answer) return answer.content
      throw failed(answer)
    },
    async renderCall(config, scope, secrets, key) {
      refuse(key)
      const answer = await ask({ id: nextId(), type: 'call', key: key ?? null, scope, secrets }, config)
      if ('call' in answer) return answer.call
      throw failed(answer)
    },
    async inspect(channel, source) {
      const answer = await ask({ id: nextId(), type: 'inspect', channel, source }, source)
      if ('unavailable' in answer) throw unavailable()
      if ('lost' in answer) return answer.lost
      return 'fault' in answer ? answer.fault : { path: [], message: 'error' in answer ? answer.error : 'cannot be inspected' }
    },
    async uses(texts) {
      const answer = await ask({ id: nextId(), type: 'uses', texts }, null)
      if ('unavailable' in answer) throw unavailable()
      if ('uses' in answer) return answer.uses
      const message = 'lost' in answer ? answer.lost.message : 'cannot be read'
      const at = 'lost' in answer ? answer.text : 0
      return texts.map((_, index) => ({ names: [], fault: index === at ? message : `could not be looked at: another text ${message}` }))
    },
    async close() {
      closed = true
      for (const each of queue.splice(0)) each.done({ unavailable: true })
      for (const { under } of places) for (const each of under.values()) each.done({ unavailable: true })
      await Promise.all(places.map(({ child }) => child?.close()))
    },
  }
}

/** A task as it is posted, null where JSON gives up; a process that has a content under its key is not sent it again. */
function textOf(place: Place, { task, source }: Waiting): string | null {
  const key = keyOf(task)
  const had = key !== null && place.keys.has(key)
  let text: string
  try {
    text = JSON.stringify(had || source === null ? task : { ...task, source })
  } catch {
    return null
  }
  if (key !== null && !had) {
    place.keys.add(key)
    place.size += LEAST_COUNTED + text.length
  }
  return text
}

const keyOf = (task: Task): string | null => ('key' in task ? task.key : null)

function emptied(place: Place): void {
  place.keys.clear()
  place.size = 0
}

function pathOf({ task, source }: Waiting, text: number): readonly string[] {
  if (task.type === 'uses' || source === null) return []
  if ('url' in source) return webhookTexts(source)[text]?.path ?? ['body']
  if (task.type === 'call') return []
  // The plain text that is derived stands behind the author's, and beyond the texts comes the body made of them.
  const body = ['html', 'mjml', 'blocks'].find((each) => Object.hasOwn(source.content, each))
  const texts = templateTexts(task.channel, source.content)
  return texts[text]?.path ?? (body === undefined ? (texts.at(-1)?.path ?? []) : [body])
}

function wordsOf(why: End['why'], deadline: number): string {
  if (why === 'late') return `takes longer than ${deadline} ms to render`
  return why === 'memory' ? 'takes too much memory to render' : 'ended what rendered it, twice'
}

function failed(answer: Answer | Lost): ThroughlineError {
  if ('unavailable' in answer) return unavailable()
  if ('lost' in answer) return new ThroughlineError('TEMPLATE_INVALID', `${answer.lost.path.join('.')} ${answer.lost.message}`.trim())
  return new ThroughlineError('TEMPLATE_INVALID', 'error' in answer ? answer.error : 'does not render')
}

const unavailable = () => new ThroughlineError('UNAVAILABLE', 'Nothing could be rendered just now; retry.')
