import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'

/** The measurable half of the house rules. Limits are what the tree was promised to stay under, not what it happens to measure. */
const LONGEST = 400
const MEDIAN = 80
const MIRRORED = /^(src\/(domain|lanes|channels)|jobs)\//

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

const sources = [...filesUnder('src'), ...filesUnder('jobs')].map((file) => ({ file, text: readFileSync(file, 'utf8') }))
const tests = new Set(filesUnder('test').filter((file) => file.endsWith('.test.ts')))
const lines = (text: string) => text.split('\n').length - 1

test(`no file has more than ${LONGEST} lines`, () => {
  expect(sources.filter(({ text }) => lines(text) > LONGEST).map(({ file, text }) => `${file}: ${lines(text)}`)).toEqual([])
})

test(`half of the files have at most ${MEDIAN} lines`, () => {
  const sorted = sources.map(({ text }) => lines(text)).sort((a, b) => a - b)
  expect(sorted[Math.floor((sorted.length - 1) / 2)]).toBeLessThanOrEqual(MEDIAN)
})

test('src/config.ts alone reads the environment', () => {
  expect(sources.filter(({ text }) => /process\s*(\.\s*env\b|\[\s*['"]env['"])/.test(text)).map(({ file }) => file)).toEqual(['src/config.ts'])
})

test('there is no barrel: an import names the file that owns the thing', () => {
  expect(
    sources
      .filter(({ file, text }) => basename(file) === 'index.ts' || /^export\s+(type\s+)?(\*|\{[^}]*\})\s+from\b/m.test(text))
      .map(({ file }) => file),
  ).toEqual([])
})

test('files are named in kebab-case, after what they are and not after a pattern', () => {
  const stems = sources.map(({ file }) => basename(file, '.ts'))
  expect(
    stems.filter((stem) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) || /(^|-)(manager|helper|helpers|util|utils|common|base|misc)(-|$)/.test(stem)),
  ).toEqual([])
})

test('no plain errors: every fault has a code of the table', () => {
  expect(sources.filter(({ text }) => /\b(throw|reject\()\s*new (Error|TypeError|RangeError)\b/.test(text)).map(({ file }) => file)).toEqual([])
})

test('every file that decides, in domain, lanes, channels and jobs, has a test of the same path', () => {
  // Types alone decide nothing. A table of constants does: it is read, and a wrong row is a wrong decision.
  const decides = (text: string) => /^(export )?(default )?(async )?(function|class|const|let)\b/m.test(text)
  const mirror = (file: string) => file.replace(/^src\//, '').replace(/^(.*)\.ts$/, 'test/$1.test.ts')
  const missing = sources.filter(({ file, text }) => MIRRORED.test(file) && decides(text) && !tests.has(mirror(file)))
  expect(missing.map(({ file }) => file)).toEqual([])
})
