import { expect, test } from 'vitest'
import { laneOf } from '../../src/domain/ids.ts'
import type { EnrollmentState } from '../../src/domain/journey/enrollment.ts'
import { Announcements } from '../../src/lanes/announcements.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const [MINE, THEIRS, ONE, TWO] = ['w-1', 'w-2', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
const CONTACT = '01970000-0000-8007-8000-000000000001'
const state = { id: 'e-1', journeyId: 'j-1', key: 'k', contactId: CONTACT, status: 'EXITED', endReason: 'asked' } as EnrollmentState
const open = () =>
  new Announcements(
    NOW,
    new Map([
      [
        MINE,
        new Map([
          ['enrollment.ended', [ONE, TWO]],
          ['goal.reached', [ONE]],
          ['message.updated', [TWO]],
        ]),
      ],
    ]),
  )

test('who asked for something is told of it, each in a row of its own, in the contact’s lane', () => {
  const told = open()
  told.enrollment('enrollment.ended', MINE, state)
  expect(told.rows).toEqual(
    [ONE, TWO].map((endpoint) => ({
      lane: 7,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      workspace: MINE,
      endpoint,
      contact: CONTACT,
      type: 'enrollment.ended',
      data: { enrollment: 'e-1', journey: 'j-1', key: 'k', state: 'EXITED', reason: 'asked' },
      created: NOW,
    })),
  )
  expect(told.rows.map(({ id }) => laneOf(id))).toEqual([7, 7])
})

test('nobody is told what they did not ask for, and nothing is put together for nobody', () => {
  const told = open()
  told.enrollment('enrollment.started', MINE, state)
  told.enrollment('enrollment.ended', THEIRS, state)
  told.message(THEIRS, CONTACT, () => expect.fail('nobody listens'))
  expect(told.rows).toEqual([])
})

test('goals and messages are told with what is known of them', () => {
  const told = open()
  told.goal(MINE, state, { goal: 'bought', value: 9.5, at: NOW - 1 })
  const news = { message: 'm-1', channel: 'sms', enrollment: null, journey: null, node: null, status: 'SENT', human: null, detail: null, at: NOW }
  told.message(MINE, CONTACT, () => news)
  expect(told.rows.map(({ endpoint, data }) => [endpoint, data])).toEqual([
    [ONE, { enrollment: 'e-1', journey: 'j-1', key: 'k', goal: 'bought', value: 9.5, at: NOW - 1 }],
    [TWO, news],
  ])
})

test('the same news twice in a tick has two ids', () => {
  const told = open()
  told.enrollment('enrollment.ended', MINE, state)
  told.enrollment('enrollment.ended', MINE, state)
  expect(new Set(told.rows.map(({ id }) => id)).size).toBe(4)
})
