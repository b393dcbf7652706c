import { durationMillis, parseDuration } from '../../domain/duration.ts'
import type { Graph } from '../../domain/journey/graph.ts'
import { isObject, type Json } from '../../domain/json.ts'
import { channelsOf } from '../../domain/template.ts'
import { ThroughlineError } from '../../errors.ts'
import type { Caller, Services } from '../context.ts'
import { createJourney } from '../journeys.ts'
import { createTemplate, type TemplateWithVersion, templatesByIds } from '../templates.ts'
import { journeyTemplate } from './catalogue.ts'
import { examples, type JourneyTemplate, wordsOf } from './journey-template.ts'

export interface FromTemplate {
  key: string
  name?: string | null | undefined
  /** Templates by slot; where one is left out, its words to begin with become one. */
  templates: readonly { slot: string; templateId: string }[]
  parameters: readonly { name: string; value: string }[]
  /** How long a day lasts: a demonstration does not wait for a week. */
  secondsPerDay?: number | null | undefined
  idempotencyKey?: string | null | undefined
}

const DAY = 86_400
const DURATIONS: ReadonlySet<string> = new Set(['duration', 'after', 'quietFor', 'wait', 'timeout', 'nextAfter', 'every', 'window', 'within'])

/** Makes a draft of a journey template, and templates for what it says; returns the journey's id. */
export async function createFromTemplate(services: Services, caller: Caller, input: FromTemplate): Promise<string> {
  const template = journeyTemplate(input.key)
  if (template === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such journey template.', { path: ['key'] })
  const { secondsPerDay = DAY } = input
  if (secondsPerDay !== null && !(secondsPerDay > 0 && secondsPerDay <= DAY))
    throw new ThroughlineError('INVALID_INPUT', `must be above 0 and at most ${DAY}`, { path: ['secondsPerDay'] })
  const parameters = parametersOf(template, input)
  const given = await givenTemplates(services, caller, template, input)
  const name = input.name ?? template.title
  const templates: Record<string, string> = {}
  for (const [slot, words] of Object.entries(template.slots)) {
    const { channel, title } = words
    const idempotencyKey = input.idempotencyKey == null ? null : `${input.idempotencyKey.slice(0, 140)}/${slot}`
    const make = { name: `${name}: ${title}`, channel, variants: [{ locale: 'en', content: wordsOf(words, parameters) }], idempotencyKey }
    templates[slot] = given.get(slot) ?? (await createNamed(services, caller, make))
  }
  const graph = template.graph(templates, parameters)
  return createJourney(services, caller, {
    name,
    description: template.description,
    graph: secondsPerDay === null || secondsPerDay === DAY ? graph : hasten(graph, secondsPerDay / DAY),
    idempotencyKey: input.idempotencyKey,
  })
}

const MOST_OF_A_NAME = 20
/** The second is what a repeated call meets that found the name taken the first time. */
const TAKEN: ReadonlySet<string> = new Set(['CONFLICT', 'IDEMPOTENCY_CONFLICT'])

/** Under the name, or, where it is taken, the first of «name (2)», «name (3)» that is not. */
async function createNamed(services: Services, caller: Caller, make: Parameters<typeof createTemplate>[2]): Promise<string> {
  for (let nth = 1; ; nth++) {
    try {
      return await createTemplate(services, caller, nth === 1 ? make : { ...make, name: `${make.name} (${nth})` })
    } catch (error) {
      if (!(error instanceof ThroughlineError) || !TAKEN.has(error.code) || nth === MOST_OF_A_NAME) throw error
    }
  }
}

function parametersOf(template: JourneyTemplate, { parameters }: FromTemplate): Record<string, string> {
  const unknown = parameters.findIndex(({ name }) => !Object.hasOwn(template.parameters, name))
  if (unknown >= 0) throw new ThroughlineError('INVALID_INPUT', 'is no parameter of the template', { path: ['parameters', String(unknown), 'name'] })
  return { ...examples(template), ...Object.fromEntries(parameters.map(({ name, value }) => [name, value])) }
}

async function givenTemplates(services: Services, caller: Caller, template: JourneyTemplate, input: FromTemplate): Promise<Map<string, string>> {
  const ids = input.templates.map((each) => each.templateId)
  const found = ids.length === 0 ? new Map<string, TemplateWithVersion>() : await templatesByIds(services, caller, ids)
  input.templates.forEach(({ slot, templateId }, index) => {
    const path = ['templates', String(index)]
    const wanted = Object.hasOwn(template.slots, slot) ? template.slots[slot] : undefined
    if (wanted === undefined) throw new ThroughlineError('INVALID_INPUT', 'is no slot of the template', { path: [...path, 'slot'] })
    const given = found.get(templateId)
    if (given === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such template.', { path: [...path, 'templateId'] })
    const channels = channelsOf(given.version.variants, given.template.channel)
    if (!channels.includes(wanted.channel))
      throw new ThroughlineError('INVALID_INPUT', `is for ${channels.join(' and ')}, and the slot for ${wanted.channel}`, {
        path: [...path, 'templateId'],
      })
  })
  return new Map(input.templates.map(({ slot, templateId }) => [slot, templateId]))
}

/** The graph with every duration that many times as long. */
function hasten(graph: Graph, factor: number): Graph {
  const walk = (value: Json, name: string): Json => {
    if (Array.isArray(value)) return value.map((each) => walk(each, name))
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each as Json, key)]))
    if (typeof value !== 'string' || !DURATIONS.has(name) || parseDuration(value) === null) return value
    return `PT${Math.max(1, Math.round(durationMillis(value) * factor)) / 1_000}S`
  }
  return walk(graph as unknown as Json, '') as unknown as Graph
}
