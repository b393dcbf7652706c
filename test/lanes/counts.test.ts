import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Counts } from '../../src/lanes/counts.ts'

const NOW = Date.parse('2026-05-04T10:20:30.400Z')

test('counts of a tick add up per lane, version, node and metric, under the hour they fall in, in the order of the table’s key', () => {
  const key = fc.record({
    lane: fc.integer({ min: 0, max: 3 }),
    versionId: fc.constantFrom('v1', 'v2', 'v10'),
    node: fc.constantFrom('', 'a', 'a-b', 'b'),
  })
  const counted = fc.array(fc.tuple(key, fc.constantFrom('sent', 'b-sent', 'left:next'), fc.integer({ min: 1, max: 9 }), fc.nat(100)))
  fc.assert(
    fc.property(counted, (counts) => {
      const all = new Counts(NOW)
      const expected = new Map<string, [n: number, amount: number]>()
      for (const [at, metric, n, amount] of counts) {
        all.add({ ...at, workspaceId: 'workspace', journeyId: 'journey' }, at.node, metric, n, amount)
        const id = JSON.stringify([at.lane, at.versionId, at.node, metric])
        const [so, far] = expected.get(id) ?? [0, 0]
        expected.set(id, [so + n, far + amount])
      }
      const rows = all.rows
      expect(new Map(rows.map((row) => [JSON.stringify([row.lane, row.version, row.node, row.metric]), [row.n, row.amount]]))).toEqual(expected)
      expect(new Set(rows.map((row) => row.hour))).toEqual(new Set(rows.length === 0 ? [] : [Date.parse('2026-05-04T10:00:00Z')]))
      const ordered = [...rows].sort((a, b) => {
        const [left, right] = [a, b].map((row) => [String(row.lane), row.version, row.node, row.metric])
        for (const [index, part] of (left ?? []).entries()) if (part !== right?.[index]) return part < (right?.[index] ?? '') ? -1 : 1
        return 0
      })
      expect(rows).toEqual(ordered)
    }),
  )
})
