import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const readme = readFileSync('README.md', 'utf8')
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

test('the README leads with two commands, each on a line of its own', () => {
  expect([...readme.matchAll(/^```sh\n([^`]*)\n```$/gm)].map(([, command]) => command)).toEqual(['npm ci && npm start', 'npm ci && npm test'])
})

test('CI does from nothing what the test line does, and all else', () => {
  const steps = readFileSync('.ci/run', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('npm '))
  expect(steps.map((line) => line.split(' -- ')[0])).toEqual(['npm ci', 'npm run check'])
  expect(scripts.check?.split(' && ').at(-1)).toBe(scripts.test)
  expect(readFileSync('.github/workflows/check.yml', 'utf8')).toMatch(/^ {6}- run: \.ci\/run$/m)
})

test('every npm script the pages name is there, and what a script runs is there', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'docs/errors.md'].map((page) => readFileSync(page, 'utf8')).join('\n')
  const named = [...pages.matchAll(/npm (?:run )?([a-z-]+)/g)]
    .map(([, name]) => name)
    .filter((name) => name !== 'ci' && name !== 'script' && name !== 'scripts')
  expect([...new Set(named)].filter((name) => name === undefined || !(name in scripts))).toEqual([])
  const run = Object.values(scripts).flatMap((command) =>
    [...command.matchAll(/\b(?:tsx(?: watch)?|node dist\/?) ?([\w/.-]+)/g)].map(([, file]) => file),
  )
  expect(run.length).toBeGreaterThan(5)
  expect(run.map((file) => String(file).replace(/\.js$/, '.ts')).filter((file) => !existsSync(file))).toEqual([])
})

test('no link of a page leads nowhere', () => {
  const broken = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'].flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target]) => String(target))
      .filter((target) => !existsSync(join(dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})
