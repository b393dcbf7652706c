import { afterAll, expect, test } from 'vitest'
import { faultAmong, liquidFaults } from '../../src/services/liquid-faults.ts'
import { openRenderer } from '../../src/services/rendering/renderer.ts'

const renderer = openRenderer()
afterAll(() => renderer.close())

test('each text is told once what keeps it from being a template, and what nobody asked of is not known', async () => {
  const asked: (readonly string[])[] = []
  const counting: typeof renderer.uses = async (texts) => {
    asked.push(texts)
    return renderer.uses(texts)
  }
  const faults = await liquidFaults({ renderer: { ...renderer, uses: counting } }, [
    'plain',
    '{{ a }}',
    '{{ a }}',
    '{{ a | none }}',
    "{% render 'x' %}",
  ])
  expect(asked).toEqual([['{{ a }}', '{{ a | none }}', "{% render 'x' %}"]])
  expect(['plain', '{{ a }}', '{{ a | none }}', "{% render 'x' %}", '{{ b }}', 'other'].map((text) => faultAmong(faults, text))).toEqual([
    null,
    null,
    'undefined filter: none, line:1, col:1',
    'There are no partials here, such as «x».',
    undefined,
    null,
  ])
})

test('nothing is asked where there is no Liquid', async () => {
  const away = { ...renderer, uses: () => Promise.reject(new TypeError('was asked')) }
  expect(await liquidFaults({ renderer: away }, ['plain', ''])).toEqual(new Map())
})
