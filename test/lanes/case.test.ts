import { expect, test } from 'vitest'
import { type Case, setSlot, slotOf } from '../../src/lanes/case.ts'
import type { SlotRow } from '../../src/store/queries/facts.ts'

const slot = (journey_id: string, key: string, enrollment_id: string | null): SlotRow => ({
  lane: 1,
  journey_id,
  contact_id: 'ada',
  key,
  enrollment_id,
  last_entered_at: 5,
  last_event_id: null,
})

test('a case has one guard of each journey and key: the last one set', () => {
  const one = { slots: [] as SlotRow[] } as Case
  setSlot(one, slot('welcome', 'c1', 'first'))
  setSlot(one, slot('welcome', 'c2', 'second'))
  setSlot(one, slot('carts', 'c1', 'third'))
  setSlot(one, slot('welcome', 'c1', null))
  expect(one.slots).toHaveLength(3)
  expect(slotOf(one, 'welcome', 'c1')?.enrollment_id).toBeNull()
  expect(slotOf(one, 'welcome', 'c2')?.enrollment_id).toBe('second')
  expect(slotOf(one, 'carts', 'c1')?.enrollment_id).toBe('third')
  expect(slotOf(one, 'carts', 'c2')).toBeUndefined()
})
