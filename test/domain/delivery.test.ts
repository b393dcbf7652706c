import { readFileSync } from 'node:fs'
import { buildSchema, isEnumType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { CALLBACK_STATUSES, type CallbackStatus, DELIVERY_STATUSES, type DeliveryStatus, FAILURE_CLASSES } from '../../src/domain/delivery.ts'
import { applyCallback } from '../../src/domain/ledger.ts'
import { entry, NOW } from '../support/ledger.ts'

const sdl = buildSchema(readFileSync('schema/schema.graphql', 'utf8'))
const valuesOf = (name: string) => {
  const type = sdl.getType(name)
  return isEnumType(type) ? type.getValues().map((each) => each.name) : []
}

test('the API names the same statuses and classes', () => {
  expect(valuesOf('DeliveryStatus')).toEqual([...DELIVERY_STATUSES].sort())
  expect(valuesOf('FailureClass')).toEqual([...FAILURE_CLASSES].sort())
})

const message = (status: DeliveryStatus) => entry({ status })

describe('what a provider may report settles, of a message in flight', () => {
  const settles: Record<CallbackStatus, DeliveryStatus> = {
    PROCESSED: 'SENT',
    SENT: 'SENT',
    OPENED: 'SENT',
    CLICKED: 'SENT',
    DELIVERED: 'DELIVERED',
    BOUNCED: 'BOUNCED',
    FAILED: 'FAILED',
    DEFERRED: 'DISPATCHING',
    COMPLAINED: 'DISPATCHING',
    UNSUBSCRIBED: 'DISPATCHING',
  }

  test.each(CALLBACK_STATUSES)('%s', (status) => {
    expect(applyCallback(message('DISPATCHING'), { status, human: true, at: NOW }).entry.status).toBe(settles[status])
  })
})

test('of a message that was delivered no report takes anything back', () => {
  for (const status of CALLBACK_STATUSES)
    expect(applyCallback(message('DELIVERED'), { status, human: true, at: NOW, code: '1' }).entry).toMatchObject({
      status: 'DELIVERED',
      failure: null,
    })
})
