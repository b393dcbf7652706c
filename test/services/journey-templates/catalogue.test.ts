import { describe, expect, test } from 'vitest'
import { CONTENT } from '../../../src/domain/content.ts'
import { compile } from '../../../src/domain/journey/compile.ts'
import { validate } from '../../../src/domain/journey/validate.ts'
import type { JsonObject } from '../../../src/domain/json.ts'
import type { Shape } from '../../../src/domain/shape.ts'
import { JOURNEY_TEMPLATES, journeyTemplate } from '../../../src/services/journey-templates/catalogue.ts'
import { examples, wordsOf } from '../../../src/services/journey-templates/journey-template.ts'
import { SURROUNDINGS } from '../../domain/journey/arbitrary.ts'

describe('the journey templates', () => {
  test('have a key each, and are found by it', () => {
    expect(new Set(JOURNEY_TEMPLATES.map((each) => each.key)).size).toBe(11)
    for (const each of JOURNEY_TEMPLATES) expect(journeyTemplate(each.key)).toBe(each)
    expect(journeyTemplate('constructor')).toBeUndefined()
  })

  test.each(JOURNEY_TEMPLATES.map((each) => [each.key, each] as const))(
    '%s may be published as it comes, and says on each channel what fits it',
    (_, template) => {
      const slots = Object.entries(template.slots)
      const templates = Object.fromEntries(slots.map(([slot]) => [slot, slot]))
      const parameters = examples(template)
      const graph = template.graph(templates, parameters)
      const problems = validate(graph, { ...SURROUNDINGS, templateChannels: (id) => [template.slots[id]?.channel ?? ''] })
      expect(problems).toEqual([])
      expect(compile(graph, { journeyId: 'j', versionId: 'v' }).triggers.length).toBeGreaterThan(0)
      // Every slot is said somewhere, and every address called or shown a file from.
      for (const used of Object.keys(templates)) expect(JSON.stringify(graph.nodes)).toContain(JSON.stringify(used))
      const whole = JSON.stringify([graph.nodes, ...Object.values(template.slots).map((slot) => wordsOf(slot, parameters))])
      for (const used of Object.values(parameters)) expect(whole).toContain(JSON.stringify(used))
      for (const [slot, words] of slots) {
        const faults: string[] = []
        ;(CONTENT[words.channel].shape as unknown as Shape<JsonObject>).parse(wordsOf(words, parameters), [slot], (path, message) =>
          faults.push(`${path.join('.')} ${message}`),
        )
        expect(faults).toEqual([])
      }
    },
  )
})
