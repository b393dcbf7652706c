import { expect, test } from 'vitest'
import { askedJourney, DEMO_JOURNEYS } from '../../src/demo/journeys.ts'
import { person } from '../../src/demo/people.ts'
import { JOURNEY_TEMPLATES } from '../../src/services/journey-templates/catalogue.ts'
import { examples } from '../../src/services/journey-templates/journey-template.ts'
import { faultOf } from '../support/services.ts'

test('every shipped journey can be watched, in their order', () => {
  expect(DEMO_JOURNEYS.map(({ key }) => key)).toEqual(JOURNEY_TEMPLATES.map(({ key }) => key))
})

test.each(DEMO_JOURNEYS.map((each) => [each.key, each] as const))('in %s, everybody begins with what starts it', (key, { habits }) => {
  const template = JOURNEY_TEMPLATES.find((each) => each.key === key)
  const graph = template?.graph(Object.fromEntries(Object.keys(template.slots).map((slot) => [slot, slot])), examples(template))
  const starts = (graph?.nodes ?? []).flatMap(({ kind, config }) => {
    if (kind === 'api_trigger') return ['launch']
    if (kind === 'inactivity_trigger') return (config.events as string[] | undefined) ?? ['page.viewed']
    return kind === 'event_trigger' ? [String(config.event)] : []
  })
  for (const { does } of habits) {
    const first = does[0]
    expect(first?.after).toBe(0)
    const begins = first === undefined ? '' : 'launch' in first ? 'launch' : 'writes' in first ? 'whatsapp.message.received' : first.event
    expect(starts).toContain(begins)
  }
})

test('a journey is asked for by its name, the abandoned cart without one', async () => {
  expect(askedJourney([]).key).toBe('abandoned_cart')
  expect(askedJourney(['--journey', 'win-back']).key).toBe('win_back')
  expect(askedJourney(['--journey=win_back']).key).toBe('win_back')
  for (const [argv, message] of [
    [['--journey', 'winback'], 'There is no journey «winback». The names: abandoned-cart, kyc-onboarding, '],
    [['--journey'], '«--journey» is not understood'],
    [['--jurney', 'win-back'], '«--jurney win-back» is not understood'],
    [['--journey', 'win-back', 'again'], 'is not understood'],
  ] as const) {
    const fault = await faultOf(Promise.resolve().then(() => askedJourney(argv)))
    expect(JSON.stringify(fault)).toContain('INVALID_INPUT')
    expect(() => askedJourney(argv)).toThrow(message)
  }
})

test('people take turns in what they do, and are who their addresses say', () => {
  const [first, ...others] = DEMO_JOURNEYS[0]?.habits ?? []
  if (first === undefined) throw new RangeError('no habits')
  const people = [0, 1, others.length + 1].map((n) => person(n, 'run', [first, ...others]))
  expect(people.map(({ habit }) => habit)).toEqual([first, others[0], first])
  expect(people.map(({ token }) => token.split('-')[0])).toEqual(['opener', 'ignorer', 'opener'])
  expect(new Set(people.map(({ phone }) => phone)).size).toBe(3)
  expect(person(7, 'run', [first])).toEqual(person(7, 'run', [first]))
})
