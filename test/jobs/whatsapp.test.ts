import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { openWhatsappChooser, type WhatsappChooser } from '../../jobs/whatsapp.ts'
import type { SendOutcome } from '../../src/domain/delivery.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import type { Dispatchable } from '../../src/store/queries/dispatch.ts'
import { testRing } from '../support/ring.ts'

const template = { name: 'order_update', language: 'en_US', body: ['Ada'] }
const session = { text: 'Hello' }
const both: JsonObject = { category: 'UTILITY', template, session }

const world = testRing()
let chooser: WhatsappChooser
let connectionId: string
let workspaceId: string
let asked = 0
beforeAll(async () => {
  const workspace = await world.workspace()
  workspaceId = workspace.id
  connectionId = await workspace.connect('whatsapp')
  const { worker } = world.database
  const counting = Object.assign(Object.create(worker) as pg.Pool, {
    query: (statement: never) => {
      asked += 1
      return worker.query(statement)
    },
  })
  chooser = openWhatsappChooser(counting)
  for (const [name, status] of [
    ['order_update', 'APPROVED'],
    ['winter_sale', 'PAUSED'],
  ])
    await world.rows(
      `INSERT INTO whatsapp_template (id, workspace_id, connection_id, provider_id, name, language, status, components, slots) VALUES ($1, $2, $3, $4, $4, 'en_US', $5, '[]', '{}')`,
      [randomUUID(), workspaceId, connectionId, name, status],
    )
})

const identity = newLanedId(3)
const message = (over: Partial<Dispatchable> = {}) =>
  ({ connection_id: connectionId, provider: 'meta', identity_id: identity, window_open: null, ...over }) as Dispatchable
const statusOf = async (name: string) =>
  (await world.rows<{ status: string }>('SELECT status FROM whatsapp_template WHERE connection_id = $1 AND name = $2', [connectionId, name]))[0]
    ?.status

describe('what is sent', () => {
  test('the template, where the window is closed', async () => {
    expect(await chooser.choose(message(), both)).toEqual({ content: { template } })
    expect(await chooser.choose(message({ window_open: false }), both)).toEqual({ content: { template } })
  })

  test('free words, where it is open, and the database is not asked', async () => {
    asked = 0
    expect(await chooser.choose(message({ window_open: true }), both)).toEqual({ content: { session } })
    expect(asked).toBe(0)
  })

  test('nothing, with the reason', async () => {
    expect(await chooser.choose(message(), { category: 'SERVICE', session })).toEqual({ type: 'held', reason: 'window_closed' })
    const held = { type: 'held', reason: 'template_not_approved' }
    expect(await chooser.choose(message(), { category: 'MARKETING', template: { ...template, name: 'winter_sale' } })).toEqual(held)
    expect(await chooser.choose(message(), { category: 'UTILITY', template: { ...template, language: 'de' } })).toEqual(held)
    // The same template is another connection's.
    expect(await chooser.choose(message({ connection_id: randomUUID() }), both)).toEqual(held)
    const empty = { type: 'permanent', code: 'MISSING_VARIABLE', message: 'body.0 came out empty.' }
    expect(await chooser.choose(message(), { category: 'UTILITY', template: { ...template, body: [''] } })).toEqual(empty)
  })

  test('many at a time ask once', async () => {
    asked = 0
    const chosen = await Promise.all(Array.from({ length: 50 }, () => chooser.choose(message(), both)))
    expect([chosen.every((each) => 'content' in each), asked]).toEqual([true, 1])
    await chooser.choose(message(), both)
    expect(asked).toBe(2)
  })
})

describe('what a refusal tells', () => {
  const outcome = (type: 'retry' | 'permanent', code: string) => ({ type, code, message: '' }) as SendOutcome

  test('that the window is closed, whatever was known', async () => {
    const open = () =>
      world.rows(
        'INSERT INTO whatsapp_window (lane, identity_id, connection_id, workspace_id, contact_id, open_until) VALUES (3, $1, $2, $3, $1, now())',
        [identity, connectionId, workspaceId],
      )
    const left = async () => (await world.rows('SELECT 1 FROM whatsapp_window WHERE identity_id = $1', [identity])).length
    for (const code of ['131047', '63016']) {
      await open()
      await chooser.heard(message(), { session }, outcome('retry', '131056'))
      expect(await left()).toBe(1)
      await chooser.heard(message(), { session }, outcome('retry', code))
      expect(await left()).toBe(0)
    }
  })

  test('that a template is paused: the next message is held, and only ever worse is believed', async () => {
    await chooser.heard(message(), { template: { ...template, name: 'winter_sale' } }, outcome('permanent', '132001'))
    expect(await statusOf('winter_sale')).toBe('PAUSED')
    await chooser.heard(message(), { session }, outcome('permanent', '132015'))
    await chooser.heard(message(), { template }, outcome('permanent', '131026'))
    expect(await statusOf('order_update')).toBe('APPROVED')
    await chooser.heard(message(), { template }, outcome('permanent', '132015'))
    expect(await statusOf('order_update')).toBe('PAUSED')
    expect(await chooser.choose(message(), both)).toEqual({ type: 'held', reason: 'template_not_approved' })
  })
})
