import { expect, test } from 'vitest'
import { describeMessage, openStory } from '../../src/demo/story.ts'

test('a message is spoken of by what became of it, the best first', () => {
  expect(describeMessage('WHATSAPP', 'SENT', [], null)).toBe('was sent a WhatsApp message')
  expect(describeMessage('IN_APP', 'SENT', [], null)).toBe('was sent an in-app message')
  expect(describeMessage('SMS', 'SENT', [], null)).toBe('was sent an SMS')
  expect(describeMessage('EMAIL', 'DELIVERED', ['OPENED', 'CLICKED'], null)).toBe('clicked in the email')
  expect(describeMessage('WHATSAPP', 'FAILED', [], '131026')).toBe('could not be reached by WhatsApp message: 131026')
  expect(describeMessage('PUSH', 'QUEUED', [], null)).toBeNull()
})

test('totals are told when they change', () => {
  const lines: string[] = []
  const story = openStory(
    (line) => lines.push(line),
    () => new Date('2026-05-01T10:00:00Z'),
  )
  const totals = { started: 1, active: 1, converted: 0, completed: 0, dropped: 0, revenue: null }
  for (const active of [1, 1, 0]) story.totals({ ...totals, active })
  story.say('Ada', 'is through')
  expect(lines).toEqual([
    '  10:00:00  ──── 1 started · 1 on their way · 0 converted (0) · 0 went through · 0 dropped off',
    '  10:00:00  ──── 1 started · 0 on their way · 0 converted (0) · 0 went through · 0 dropped off',
    '  10:00:00  Ada       is through',
  ])
})
