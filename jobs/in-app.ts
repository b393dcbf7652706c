import { showingOf } from '../src/domain/content/in-app.ts'
import type { SendOutcome } from '../src/domain/delivery.ts'
import { laneOf } from '../src/domain/ids.ts'
import type { JsonObject } from '../src/domain/json.ts'
import type { Client } from '../src/store/ask.ts'
import { type InAppInsert, showInApp, wasShown } from '../src/store/queries/in-app.ts'

/** As many as a dispatcher marks at a time. */
const LARGEST_BATCH = 64

interface Waiting {
  row: InAppInsert
  /** Two of these in one statement would change one row twice. */
  slot: string
  done(outcome: SendOutcome): void
}

export interface InAppSender {
  /**
   * Puts a rendered message where its contact's app finds it. There is nobody between and doing it again changes nothing,
   * so it is never in doubt: it is there, or it is tried again.
   */
  show(message: { id: string; contact_id: string }, content: JsonObject): Promise<SendOutcome>
  /** What became of one whose sender died. */
  lookUp(message: { id: string }): Promise<SendOutcome>
}

/** Sends on the app's own surface. What comes while one statement runs goes together in the next: each would else be a commit of its own. */
export function openInAppSender(client: Client): InAppSender {
  const waiting: Waiting[] = []
  let writing = false

  const next = (): Waiting[] => {
    const slots = new Set<string>()
    const batch: Waiting[] = []
    const left: Waiting[] = []
    for (const each of waiting) {
      const fits = batch.length < LARGEST_BATCH && !slots.has(each.slot)
      slots.add(each.slot)
      if (fits) batch.push(each)
      else left.push(each)
    }
    waiting.splice(0, waiting.length, ...left)
    return batch
  }
  const write = async () => {
    if (writing) return
    writing = true
    while (waiting.length > 0) {
      const batch = next()
      const outcome = await showInApp(
        client,
        batch.map((each) => each.row),
      ).then(
        () => null,
        (): SendOutcome => ({ type: 'retry', code: 'SENDER_NOT_READY', message: 'it could not be written' }),
      )
      for (const { row, done } of batch) done(outcome ?? { type: 'ok', providerMessageId: row.id })
    }
    writing = false
  }
  return {
    async show(message, rendered) {
      const showing = showingOf(rendered, Date.now())
      if ('fault' in showing) return { type: 'permanent', code: 'INVALID_CONTENT', message: showing.fault }
      const { id } = message
      return new Promise((done) => {
        const slot = showing.key === null ? id : `${message.contact_id}/${showing.key}`
        waiting.push({ row: { lane: laneOf(id), id, surface: showing.content.surface, ...showing }, slot, done })
        void write()
      })
    },
    async lookUp({ id }) {
      if (await wasShown(client, laneOf(id), id)) return { type: 'ok', providerMessageId: id }
      return { type: 'retry', code: 'SENDER_LOST', message: 'the sender ended before it was shown' }
    },
  }
}
