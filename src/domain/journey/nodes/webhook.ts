import { durationMillis } from '../../duration.ts'
import { derivedId, laneOf } from '../../ids.ts'
import { isObject, type Json } from '../../json.ts'
import { anything, choice, duration, list, number, object, optional, type Shape, text } from '../../shape.ts'
import type { AnswerRules } from '../../webhook-answer.ts'
import type { CheckScope, NodeKind } from '../node-kind.ts'

export const WEBHOOK_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Texts of URL, headers and body are Liquid templates, rendered when the call is made and not here. */
export interface WebhookConfig extends AnswerRules {
  method: (typeof WEBHOOK_METHODS)[number]
  url: string
  headers?: { name: string; value: string }[]
  /** Either JSON, each of whose texts is a template, or a text. */
  body?: { json?: Json; text?: string }
  /** For one request; ten seconds where left out. */
  timeout?: string
}

const LONGEST_TIMEOUT = 30_000
const LARGEST_BODY = 100_000
/** The same as for variables that are set by hand. */
const VARIABLE = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/
/** `status`, `headers.etag`, `body`, `body.items.0.id`. */
const SOURCE = /^(status|headers\.[a-z0-9-]+|body(\.[^.]+)*)$/
/** Scheme and host as written, or all of it in a secret: a contact's data must not decide where a workspace's secrets are sent. */
const ORIGIN = /^(https?:\/\/[^/?#{}\s]+([/?#]|$)|\{\{-?\s*secrets\.\w+\s*-?\}\}([/?#]|$))/
/** Set by the transport, by the way HTTP is spoken, or by us. */
const RESERVED =
  /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|webhook-(id|timestamp|signature))$/i

const config = object({
  method: choice(WEBHOOK_METHODS, { title: 'Method' }),
  url: text({ title: 'URL', format: 'liquid', max: 2_000, description: 'A Liquid template; what is put in after the host is URL-encoded.' }),
  headers: optional(
    list(
      object({
        name: text({ title: 'Name', pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, max: 100 }),
        value: text({ title: 'Value', format: 'liquid', max: 4_000 }),
      }),
      { title: 'Headers', max: 30 },
    ),
  ),
  body: optional(
    object(
      {
        json: optional(
          anything({
            title: 'JSON',
            description: 'Each text in it is a Liquid template; one that is a single `{{ … }}` becomes that value itself, number, list or object.',
          }),
        ),
        text: optional(text({ title: 'Text', format: 'liquid', max: LARGEST_BODY })),
      },
      { title: 'Body', description: 'Give `json` or `text`.' },
    ),
  ),
  timeout: optional(duration({ title: 'Time limit', description: 'Of one request, at most 30 seconds; 10 where left out.' })),
  retries: optional(
    object(
      {
        times: number({ title: 'Times', integer: true, min: 0, max: 10 }),
        pause: optional(duration({ title: 'First pause', description: 'Doubles each time, up to an hour; a second where left out.' })),
      },
      { title: 'Retries', description: 'After no answer, and after 408, 425, 429 and 5xx.' },
    ),
  ),
  success: optional(
    list(text({ pattern: /^([1-5]xx|[1-5]\d\d(-[1-5]\d\d)?)$/ }), {
      title: 'Success',
      description: 'Statuses such as `200`, `2xx` or `200-204`; any 2xx where left out.',
      min: 1,
      max: 20,
    }),
  ),
  variables: optional(
    list(
      object({
        name: text({ title: 'Variable', pattern: VARIABLE, max: 100 }),
        from: text({ title: 'From', description: '`status`, `headers.etag`, `body`, `body.items.0.id`.', pattern: SOURCE, max: 500 }),
      }),
      { title: 'Keep of the answer', max: 50 },
    ),
  ),
}) as Shape<WebhookConfig>

/** Calls a URL, waits for its answer and keeps of it what is asked for in variables of the enrollment. */
export const webhook: NodeKind<WebhookConfig> = {
  kind: 'webhook',
  title: 'Webhook',
  icon: 'webhook',
  description: 'Calls a URL, tries again as often as it may, and keeps what it is to keep of the answer in variables of the enrollment.',
  category: 'data',
  config,
  ports: () => [
    { name: 'success', title: 'Success' },
    { name: 'error', title: 'Error' },
  ],
  // The token rests no longer than the receiver takes to answer: a loop with nothing else in it would call as fast as it can.
  waits: () => false,
  check,
  arrive(_settings, scope) {
    const { enrollment } = scope
    const id = derivedId(enrollment.since, laneOf(enrollment.id), enrollment.id, scope.key, String(enrollment.visit), 'call')
    scope.emit({ type: 'webhook', call: { id, node: scope.key, visit: enrollment.visit } })
    scope.note('webhook_planned', { callId: id })
    return { stay: { dueAt: null, memo: { callId: id } } }
  },
  answer(settings, scope, { callId, port, vars, status, code }) {
    if ((scope.enrollment.memo as { callId?: string } | null)?.callId !== callId) return null
    // Nothing stays of an earlier round of a loop.
    for (const { name } of settings.variables ?? []) scope.enrollment.vars[name] = null
    Object.assign(scope.enrollment.vars, vars)
    scope.note('webhook_answered', { callId, status, code })
    return { go: port }
  },
}

/** Every text of the settings that is a template, and where it stands. */
export function webhookTexts(settings: WebhookConfig): { path: string[]; text: string }[] {
  const found = [
    { path: ['url'], text: settings.url },
    ...(settings.headers ?? []).map((header, index) => ({ path: ['headers', String(index), 'value'], text: header.value })),
  ]
  const walk = (value: Json | undefined, path: string[]): void => {
    if (typeof value === 'string') found.push({ path, text: value })
    else if (Array.isArray(value)) value.forEach((each, index) => void walk(each, [...path, String(index)]))
    else if (isObject(value)) for (const [name, each] of Object.entries(value)) walk(each as Json, [...path, name])
  }
  walk(settings.body?.json, ['body', 'json'])
  walk(settings.body?.text, ['body', 'text'])
  return found
}

/** Names of the secrets a template asks for. */
export const secretsIn = (template: string): string[] => [
  ...new Set([...template.matchAll(/\bsecrets(?:\.|\[\s*['"])([A-Za-z0-9_-]+)/g)].map(([, name = '']) => name)),
]

function check(settings: WebhookConfig, scope: CheckScope): void {
  const fault = (path: readonly string[], message: string) => scope.report('INVALID_CONFIG', path, message)
  if (!ORIGIN.test(settings.url))
    fault(['url'], 'must begin with https:// and a host of its own, or with a secret: nothing else may decide where it goes')
  else if (!settings.url.startsWith('{{')) {
    // What stands behind the host is of no matter to where it leads.
    const why = scope.urlFault(settings.url.replace(/^(https?:\/\/[^/?#]+).*$/s, '$1/'))
    if (why !== null) fault(['url'], why)
  }
  settings.headers?.forEach(({ name }, index, all) => {
    if (RESERVED.test(name)) fault(['headers', String(index), 'name'], 'is not for you to set')
    if (all.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) !== index) fault(['headers', String(index), 'name'], 'is set twice')
  })
  if (settings.body !== undefined) {
    const { json, text: plain } = settings.body
    if ((json === undefined) === (plain === undefined)) fault(['body'], 'give either `json` or `text`')
    if (settings.method === 'GET') fault(['body'], 'does not go with GET')
    if (json !== undefined && JSON.stringify(json).length > LARGEST_BODY)
      fault(['body', 'json'], `must not be larger than ${LARGEST_BODY} characters`)
  }
  if (settings.timeout !== undefined && durationMillis(settings.timeout) > LONGEST_TIMEOUT) fault(['timeout'], 'must be 30 seconds at most')
  settings.variables?.forEach(({ name }, index, all) => {
    if (all.findIndex((other) => other.name === name) !== index) fault(['variables', String(index), 'name'], 'is set twice')
  })
  for (const { path, text: template } of webhookTexts(settings)) {
    const broken = scope.liquidFault(template)
    if (broken !== null) fault(path, broken)
    for (const name of secretsIn(template)) if (!scope.hasSecret(name)) scope.report('UNKNOWN_SECRET', path, `there is no secret ${name}`)
  }
}
