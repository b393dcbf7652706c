import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'

const example = readFileSync('.env.example', 'utf8')
const named = [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const)

test('.env.example names what config.ts reads, and nothing else', () => {
  const asked = new Set<string>()
  readConfig(new Proxy({}, { get: (_, name) => void asked.add(String(name)) }))
  expect(named.map(([name]) => name).sort()).toEqual([...asked].sort())
})

test('the values it shows are the defaults', () => {
  const shown = Object.fromEntries(named.filter(([name]) => name !== 'DATABASE_URL'))
  expect(readConfig(shown)).toEqual(readConfig({}))
})
