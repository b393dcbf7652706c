import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RETENTION } from '../../src/store/queries/retention.ts'

test('docs/retention.md names every table that is swept, with its days', () => {
  const rows = readFileSync('docs/retention.md', 'utf8').matchAll(/^\| `(\w+)` \| (\d+) \|/gm)
  expect([...rows].map(([, table, days]) => [table, Number(days)])).toEqual(Object.entries(RETENTION).map(([table, { days }]) => [table, days]))
})
