import { Context, type Liquid, Output, type Template, toValueSync } from 'liquidjs'
import { type WebhookConfig, webhookTexts } from '../domain/journey/nodes/webhook.ts'
import { isObject, type Json } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { type AtText, LONGEST_TEXT, openLiquid } from './liquid.ts'

/** What templates of a call reach into. */
export interface CallScope {
  contact: { externalId: string | null; attributes: Record<string, unknown>; tags: readonly string[]; locale: string | null }
  event: Record<string, unknown>
  vars: Record<string, unknown>
  key: string
}

export interface RenderedCall {
  url: string
  headers: Record<string, string>
  body?: string
}
/** By name: those the settings ask for. */
export type Secrets = Readonly<Record<string, string>>

const PLAIN = openLiquid()
const IN_URL = openLiquid((value) => encodeURIComponent(value === null || value === undefined ? '' : String(value)))

/** A text of the settings, taken apart; `index` is its place among `webhookTexts`. */
interface Text {
  index: number
  engine: Liquid
  templates: Template[]
}
/** How a text is rendered for one contact: to a text, or to the value it stands for. */
interface Rendering {
  text(text: Text): string
  value(text: Text, only: Output): Json
  /** All texts are. */
  done(): void
}
/** Settings taken apart once, for everybody they are rendered for. */
export interface PreparedCall {
  paths: readonly (readonly string[])[]
  /** The secret that is the URL's beginning, as it is. */
  origin: string | null
  url: Text
  headers: readonly { name: string; value: Text }[]
  body: { type: string; fill(rendering: Rendering): string } | null
}

/** Throws TEMPLATE_INVALID by the field that does not parse. */
export function prepareCall(config: WebhookConfig, atText: AtText = () => {}): PreparedCall {
  const paths = webhookTexts(config).map(({ path }) => path)
  let index = 0
  const parse = (text: string, engine = PLAIN): Text => {
    atText(index)
    const templates = blaming(paths[index], null, () => engine.parse(text))
    return { index: index++, engine, templates }
  }
  const [whole = '', origin = null] = /^\{\{-?\s*secrets\.(\w+)\s*-?\}\}/.exec(config.url) ?? []
  // In the order of `webhookTexts`.
  const url = parse(config.url.slice(whole.length), IN_URL)
  const headers = (config.headers ?? []).map((header) => ({ name: header.name.toLowerCase(), value: parse(header.value) }))
  return { paths, origin, url, headers, body: prepareBody(config.body ?? {}, parse) }
}

type Parse = (text: string) => Text

function prepareBody({ json, text }: NonNullable<WebhookConfig['body']>, parse: Parse): PreparedCall['body'] {
  if (json !== undefined) {
    const fill = prepareJson(json, parse)
    return {
      type: 'application/json',
      fill(rendering) {
        const filled = fill(rendering)
        rendering.done()
        return JSON.stringify(filled)
      },
    }
  }
  if (text === undefined) return null
  const whole = parse(text)
  return { type: 'text/plain; charset=utf-8', fill: (rendering) => rendering.text(whole) }
}

/** JSON with its texts rendered: nothing that a contact's data holds can break out of the text, or number, it stands for. */
function prepareJson(value: Json, parse: Parse): (rendering: Rendering) => Json {
  if (Array.isArray(value)) {
    const fills = value.map((each) => prepareJson(each, parse))
    return (rendering) => fills.map((fill) => fill(rendering))
  }
  if (isObject(value)) {
    const fills = Object.entries(value).map(([name, each]) => [name, prepareJson(each as Json, parse)] as const)
    return (rendering) => Object.fromEntries(fills.map(([name, fill]) => [name, fill(rendering)]))
  }
  if (typeof value !== 'string') return () => value
  const text = parse(value)
  if (!value.includes('{')) return () => value
  // White space around a value is no part of it.
  const inked = text.templates.filter((each) => each instanceof Output || !isBlank(each))
  const [only] = inked
  return only instanceof Output && inked.length === 1 ? (rendering) => rendering.value(text, only) : (rendering) => rendering.text(text)
}

const isBlank = (template: Template): boolean => template.token.getText().trim() === ''

const DOTS = /\/(\.|%2e){1,2}(?=[/?#]|$)/i

/**
 * The request that settings describe, for one contact and moment. What templates put into the URL is encoded, and none
 * of it can climb out of the path that was written. Throws TEMPLATE_INVALID with what cannot be rendered; a message never holds a secret.
 * Nobody knows how long a stranger's template takes: this is for where it can be ended (rendering/).
 */
export function renderPreparedCall(prepared: PreparedCall, scope: CallScope, secrets: Secrets, atText: AtText = () => {}): RenderedCall {
  const all = { ...scope.vars, ...scope, secrets }
  const rendered = (text: Text, work: () => unknown) => {
    atText(text.index)
    return blaming(prepared.paths[text.index], secrets, work)
  }
  const rendering: Rendering = {
    text: (text) => String(rendered(text, () => text.engine.renderSync(text.templates, all))),
    value: (text, only) =>
      (rendered(text, () => toValueSync(only.value.value(new Context(all, PLAIN.options, {}, { liquid: PLAIN })))) as Json | undefined) ?? null,
    done: () => atText(prepared.paths.length),
  }
  const url = `${prepared.origin === null ? '' : (secrets[prepared.origin] ?? '')}${rendering.text(prepared.url)}`
  if (DOTS.test(url)) throw new ThroughlineError('TEMPLATE_INVALID', 'The URL has a «.» or «..» for a part of its path.')
  const own: Record<string, string> = {}
  for (const { name, value } of prepared.headers) own[name] = rendering.text(value).trim()
  const body = prepared.body?.fill(rendering)
  const headers = prepared.body === null ? own : { 'content-type': prepared.body.type, ...own }
  const length = [url, ...Object.values(headers), body ?? ''].reduce((sum, each) => sum + each.length, 0)
  // What Liquid counts is what the filters of one text take, not what all of them make of it.
  if (length > LONGEST_TEXT) throw new ThroughlineError('TEMPLATE_INVALID', `The request is longer than ${LONGEST_TEXT} characters.`)
  return { url, headers, ...(body === undefined ? {} : { body }) }
}

const LIMIT = /^(template render|memory alloc) limit exceeded/
const PLACE = /, line:\d+, col:\d+$/

/**
 * Names the field in what is thrown. Where secrets are at hand nothing of the engine's words is said but its limits and
 * the place: `{{ list | where_exp: "i", secrets.token }}` makes a secret an expression, which the words would cite.
 */
function blaming<T>(path: readonly string[] | undefined, secrets: Secrets | null, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const words = error instanceof Error ? error.message : 'does not render'
    const open = secrets === null || Object.keys(secrets).length === 0
    const safe = open ? words : `${LIMIT.exec(words)?.[0] ?? 'does not render'}${PLACE.exec(words)?.[0] ?? ''}`
    throw new ThroughlineError('TEMPLATE_INVALID', `${path?.join('.')} ${safe}`)
  }
}
