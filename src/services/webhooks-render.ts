import { type Liquid, Output, type Template } from 'liquidjs'
import type { WebhookConfig } from '../domain/journey/nodes/webhook.ts'
import { isObject, type Json } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { openLiquid } from './liquid.ts'

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

const PLAIN = openLiquid()
const IN_URL = openLiquid((value) => encodeURIComponent(value === null || value === undefined ? '' : String(value)))

type Text = { engine: Liquid; templates: Template[] }
interface Prepared {
  /** The secret that is the URL's beginning, as it is. */
  origin: string | null
  url: Text
  headers: { name: string; value: Text }[]
}

/** Settings of a published version never change and are kept for good: parsed once a process. */
const prepared = new WeakMap<WebhookConfig, Prepared>()

const parse = (engine: Liquid, text: string): Text => ({ engine, templates: engine.parse(text) })
const render = ({ engine, templates }: Text, scope: object): string => String(engine.renderSync(templates, scope))

function prepare(config: WebhookConfig): Prepared {
  const [whole = '', name = null] = /^\{\{-?\s*secrets\.(\w+)\s*-?\}\}/.exec(config.url) ?? []
  return {
    origin: name,
    url: parse(IN_URL, config.url.slice(whole.length)),
    headers: (config.headers ?? []).map((header) => ({ name: header.name.toLowerCase(), value: parse(PLAIN, header.value) })),
  }
}

const DOTS = /\/(\.|%2e){1,2}(?=[/?#]|$)/i

/**
 * The request that settings describe, for one contact and moment. What templates put into the URL is encoded, and none
 * of it can climb out of the path that was written. Throws TEMPLATE_INVALID with what cannot be rendered; a message never holds a secret.
 */
export function renderCall(config: WebhookConfig, scope: CallScope, secrets: Readonly<Record<string, string>>): RenderedCall {
  const known = prepared.get(config) ?? prepare(config)
  prepared.set(config, known)
  const all = { ...scope.vars, ...scope, secrets }
  const url = `${known.origin === null ? '' : (secrets[known.origin] ?? '')}${render(known.url, all)}`
  if (DOTS.test(url)) throw new ThroughlineError('TEMPLATE_INVALID', 'The URL has a «.» or «..» for a part of its path.')
  const headers: Record<string, string> = {}
  for (const { name, value } of known.headers) headers[name] = render(value, all).trim()
  const { json, text } = config.body ?? {}
  if (json === undefined && text === undefined) return { url, headers }
  const [type, body] =
    json === undefined ? ['text/plain; charset=utf-8', render(parse(PLAIN, text ?? ''), all)] : ['application/json', JSON.stringify(fill(json, all))]
  return { url, headers: { 'content-type': type, ...headers }, body }
}

/** JSON with its texts rendered: nothing that a contact's data holds can break out of the text, or number, it stands for. */
function fill(value: Json, scope: object): Json {
  if (Array.isArray(value)) return value.map((each) => fill(each, scope))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each as Json, scope)]))
  if (typeof value !== 'string' || !value.includes('{')) return value
  const templates = PLAIN.parse(value.trim())
  const [only] = templates
  if (only instanceof Output && templates.length === 1) return (PLAIN.evalValueSync(only.token.content, scope) as Json | undefined) ?? null
  return render({ engine: PLAIN, templates: PLAIN.parse(value) }, scope)
}
