import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROVIDERS } from '../../src/domain/providers.ts'
import { CUTS, GUARANTEES, type Guarantee } from '../guarantees/cases.ts'

const page = readFileSync('docs/guarantees.md', 'utf8')

/** The rows of the table under a heading, cell by cell, without their back-ticks. */
function tableUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'))
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

const row = ({ channel, provider, endings, promise }: Guarantee) => [channel, provider, ...CUTS.map((cut) => endings[cut] ?? '—'), promise]

test('docs/guarantees.md and what is brought about by test/guarantees say the same, both ways', () => {
  const [head, , ...rows] = tableUnder('What there is in the end')
  expect(head).toEqual(['channel', 'provider', ...CUTS, 'promise'])
  expect(rows).toEqual(GUARANTEES.map(row))
})

test('and why stands in it for each of them', () => {
  const [, , ...rows] = tableUnder('Why')
  expect(rows.map(([provider]) => provider)).toEqual(GUARANTEES.map(({ provider }) => provider))
  expect(rows.filter((cells) => cells.length !== 4 || cells.includes(''))).toEqual([])
})

test('every provider there is has its row', () => {
  const known = GUARANTEES.map(({ channel, provider }) => `${channel} ${provider}`)
  expect(PROVIDERS.map(({ channel, provider }) => `${channel} ${provider}`).filter((each) => !known.includes(each))).toEqual([])
})
