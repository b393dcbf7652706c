import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS, ThroughlineError } from '../src/errors.ts'

test('docs/errors.md and the table say the same, both ways', async () => {
  const page = await readFile('docs/errors.md', 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.*) \|$/gm)].map(([, code, http, message]) => [code, { http: Number(http), message }])
  expect(Object.fromEntries(rows)).toEqual(ERRORS)
  expect(rows).toHaveLength(Object.keys(ERRORS).length)
})

test('every code has a use: one that nobody throws or answers is a promise nobody keeps', async () => {
  const files = (await Promise.all(['src', 'jobs'].map((folder) => readdir(folder, { recursive: true, withFileTypes: true })))).flat()
  const sources = files.filter((file) => file.isFile() && file.name.endsWith('.ts') && file.name !== 'errors.ts')
  const text = (await Promise.all(sources.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join('\n')
  expect(Object.keys(ERRORS).filter((code) => !new RegExp(`['"]${code}['"]`).test(text))).toEqual([])
})

test('an error says what its code says unless it is told something more particular, and keeps path, data and cause', () => {
  expect(new ThroughlineError('NOT_FOUND').message).toBe('Nothing with this id is visible to the caller.')
  const cause = new TypeError('inner')
  const error = new ThroughlineError('INVALID_INPUT', 'Too long.', { path: ['input', 'name'], data: { most: 10 }, cause })
  expect(error).toMatchObject({
    name: 'ThroughlineError',
    code: 'INVALID_INPUT',
    message: 'Too long.',
    path: ['input', 'name'],
    data: { most: 10 },
    cause,
  })
})
