import { expect, test } from 'vitest'
import { NOW } from '../arbitrary.ts'
import { journey, life, problems } from '../play.ts'

test('ends the enrollment as exited, with the reason it was given', () => {
  const one = life(journey({ out: ['exit', { reason: 'not a customer' }] }))
  expect(one.state()).toMatchObject({ status: 'EXITED', endReason: 'not a customer', endedAt: NOW, node: null })
  expect(one.played[0]?.trace.at(-1)).toEqual({ code: 'exited', node: 'out', data: { reason: 'not a customer' } })
  expect(life(journey({ out: ['exit', {}] })).state().endReason).toBe('exit_node')
})

test('takes back nothing that is on its way: who is let out is not thrown out', () => {
  const one = life(journey({ mail: ['email', { templateId: 't-email' }, { next: 'out' }], out: ['exit', {}] }))
  expect(one.signal(NOW, 'SENT')).toMatchObject({ state: { status: 'EXITED' }, effects: [] })
})

test('has no port to leave by', () => {
  expect(problems(journey({ out: ['exit', {}, { next: 'out' }] }))).toEqual([['UNKNOWN_PORT', 'out', 'edges.1.port']])
})
