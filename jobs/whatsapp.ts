import type pg from 'pg'
import type { WhatsappContent, WhatsappMessage } from '../src/domain/content/whatsapp.ts'
import type { SendOutcome } from '../src/domain/delivery.ts'
import { laneOf } from '../src/domain/ids.ts'
import type { JsonObject } from '../src/domain/json.ts'
import { chooseWhatsapp, TEMPLATE_FAULTS, templateKey, WINDOW_CLOSED_CODES } from '../src/domain/whatsapp.ts'
import type { TemplateStatus } from '../src/domain/whatsapp-template.ts'
import type { Dispatchable } from '../src/store/queries/dispatch.ts'
import { closeWindow, faultTemplate, readTemplateStatus, type TemplateKey } from '../src/store/queries/whatsapp.ts'

export interface WhatsappChooser {
  /** The half of a rendered content that is sent, or why none is. */
  choose(message: Dispatchable, content: JsonObject): Promise<{ content: JsonObject } | SendOutcome>
  /** Remembers what a refusal tells of the window or of the template, for the next attempt and the next message. */
  heard(message: Dispatchable, content: JsonObject, outcome: SendOutcome): Promise<void>
}

/** Asks the database once for what many messages at a time want to know: nothing is kept, so a pause holds from the next on. */
export function openWhatsappChooser(pool: pg.Pool): WhatsappChooser {
  const flights = new Map<string, Promise<TemplateStatus | null>>()

  const statusOf = (connectionId: string, key: TemplateKey): Promise<TemplateStatus | null> => {
    const id = `${connectionId} ${JSON.stringify(key)}`
    const flight = flights.get(id) ?? readTemplateStatus(pool, connectionId, key).finally(() => flights.delete(id))
    flights.set(id, flight)
    return flight
  }

  return {
    async choose(message, content) {
      const whole = content as unknown as WhatsappContent
      const provider = message.provider ?? ''
      const windowOpen = message.window_open ?? false
      const key = whole.template === undefined || (windowOpen && whole.session !== undefined) ? null : templateKey(provider, whole.template)
      const template = key === null ? null : await statusOf(message.connection_id ?? '', key)
      const choice = chooseWhatsapp(whole, { windowOpen, provider, template })
      if ('held' in choice) return { type: 'held', reason: choice.held }
      if ('empty' in choice) return { type: 'permanent', code: 'MISSING_VARIABLE', message: `${choice.empty} came out empty.` }
      return { content: choice.send as unknown as JsonObject }
    },
    async heard(message, content, outcome) {
      const connectionId = message.connection_id
      if (connectionId === null || message.identity_id === null) return
      if (outcome.type === 'retry' && WINDOW_CLOSED_CODES.has(outcome.code))
        await closeWindow(pool, { lane: laneOf(message.identity_id), id: message.identity_id }, connectionId)
      const fault = outcome.type === 'permanent' && Object.hasOwn(TEMPLATE_FAULTS, outcome.code) ? TEMPLATE_FAULTS[outcome.code] : undefined
      const { template } = content as unknown as WhatsappMessage
      const key = template === undefined ? null : templateKey(message.provider ?? '', template)
      if (fault !== undefined && key !== null) await faultTemplate(pool, connectionId, key, fault)
    },
  }
}
