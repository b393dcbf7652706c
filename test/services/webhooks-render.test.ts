import { describe, expect, test } from 'vitest'
import { type WebhookConfig, webhookTexts } from '../../src/domain/journey/nodes/webhook.ts'
import { type CallScope, prepareCall, type RenderedCall, renderPreparedCall, type Secrets } from '../../src/services/webhooks-render.ts'

const SCOPE: CallScope = {
  contact: { externalId: 'a/b?c', attributes: { age: 7, name: 'O"Neil\n{{ secrets.token }}', list: [1, { x: null }] }, tags: ['vip'], locale: 'de' },
  event: { cartId: 'c 1' },
  vars: { plan: 'pro', contact: 'shadow', secrets: { token: 'mine' } },
  key: '..',
}
const SECRETS = { token: 's3cret', base: 'https://hooks.example:8443/v1' }
const call = (config: Partial<WebhookConfig>, secrets: Secrets = SECRETS): RenderedCall =>
  renderPreparedCall(prepareCall({ method: 'POST', url: 'https://hooks.example/x', ...config }), SCOPE, secrets)

describe('a URL', () => {
  test.each([
    ['https://hooks.example/x', 'https://hooks.example/x'],
    ['https://hooks.example/{{ contact.externalId }}?plan={{ plan }}&c={{ event.cartId }}', 'https://hooks.example/a%2Fb%3Fc?plan=pro&c=c%201'],
    ['https://hooks.example/{{ vars.none }}/{{ nothing }}', 'https://hooks.example//'],
    ['{{ secrets.base }}/{{ contact.externalId }}', 'https://hooks.example:8443/v1/a%2Fb%3Fc'],
    ['{{secrets.base}}', 'https://hooks.example:8443/v1'],
    ['https://hooks.example/?t={{ secrets.token }}&k={{ key }}', 'https://hooks.example/?t=s3cret&k=..'],
  ])('%s is %s', (url, expected) => expect(call({ url }).url).toBe(expected))

  test.each([
    'https://hooks.example/users/{{ key }}/x',
    'https://hooks.example/{{ key }}',
    'https://hooks.example/%2E%2e?x',
    'https://hooks.example/./x',
  ])('%s climbs out of its path', (url) => expect(() => call({ url })).toThrow(expect.objectContaining({ code: 'TEMPLATE_INVALID' })))
})

describe('headers', () => {
  test('are named in lower case, and trimmed', () => {
    expect(call({ headers: [{ name: 'Authorization', value: 'Bearer {{ secrets.token }} ' }] }).headers).toEqual({ authorization: 'Bearer s3cret' })
  })

  test('say what a body is, unless the author does', () => {
    const type = (config: Partial<WebhookConfig>) => call(config).headers['content-type']
    expect([type({}), type({ body: { text: 'x' } }), type({ body: { json: 1 } })]).toEqual([
      undefined,
      'text/plain; charset=utf-8',
      'application/json',
    ])
    expect(type({ body: { text: 'a=1' }, headers: [{ name: 'Content-Type', value: 'application/x-www-form-urlencoded' }] })).toBe(
      'application/x-www-form-urlencoded',
    )
  })
})

describe('a body', () => {
  test('of JSON has each text rendered, and is what it was whatever the data holds', () => {
    const json = { name: '{{ contact.attributes.name }}', '{{ plan }}': ['Hi {{ plan }}', 1, null, true], none: '{{ nothing }} ' }
    expect(JSON.parse(call({ body: { json } }).body ?? '')).toEqual({
      name: 'O"Neil\n{{ secrets.token }}',
      '{{ plan }}': ['Hi pro', 1, null, true],
      none: null,
    })
  })

  test('takes a value as it is where a text is nothing but it', () => {
    const json = {
      age: '{{ contact.attributes.age }}',
      next: ' {{- contact.attributes.age | plus: 1 -}} ',
      list: '{{ contact.attributes.list }}',
      brace: '{{ "}" }}',
      two: '{{ plan }}{{ plan }}',
      branch: '{% if plan == "pro" %}yes{% endif %}',
      secret: '{{ secrets.token }}',
    }
    expect(JSON.parse(call({ body: { json } }).body ?? '')).toEqual({
      age: 7,
      next: 8,
      list: [1, { x: null }],
      brace: '}',
      two: 'propro',
      branch: 'yes',
      secret: 's3cret',
    })
  })

  test('of text is a template', () => expect(call({ body: { text: 'plan={{ vars.plan }};{{ key }}' } }).body).toBe('plan=pro;..'))

  test('of JSON that is a text alone is JSON', () => expect(call({ body: { json: '{{ plan }}' } }).body).toBe('"pro"'))
})

test('no variable takes the place of the contact or of a secret', () => {
  expect(call({ body: { text: '{{ contact.locale }} {{ secrets.token }}' } }).body).toBe('de s3cret')
})

test('settings that are parsed are rendered anew for everybody', () => {
  const prepared = prepareCall({ method: 'GET', url: 'https://hooks.example/{{ contact.locale }}' })
  const urls = ['de', 'fr'].map((locale) => renderPreparedCall(prepared, { ...SCOPE, contact: { ...SCOPE.contact, locale } }, {}).url)
  expect(urls).toEqual(['https://hooks.example/de', 'https://hooks.example/fr'])
})

/** What is said of settings that cannot be rendered. */
const said = (config: Partial<WebhookConfig>, secrets: Record<string, string> = SECRETS): string => {
  try {
    return JSON.stringify(call(config, secrets))
  } catch (error) {
    return (error as Error).message
  }
}

describe('what cannot be rendered', () => {
  const cites = '{{ contact.attributes.list | where_exp: "i", secrets.token }}'

  test('is named by its field', () => {
    expect(said({ url: 'https://hooks.example/{% if %}' })).toMatch(/^url .*, line:1, col:7$|^url /)
    expect(
      said({
        headers: [
          { name: 'A', value: 'a' },
          { name: 'B', value: '{{ a | none }}' },
        ],
      }),
    ).toBe('headers.1.value undefined filter: none, line:1, col:1')
    expect(said({ body: { json: { a: ['x', { b: '{{ a' }] } } })).toMatch(/^body\.json\.a\.1\.b /)
    expect(said({ body: { text: '{% for i in (1..1000000000) %}x{% endfor %}' } }, {})).toBe('body.text memory alloc limit exceeded, line:1, col:1')
  })

  test('is said without the engine’s words where there are secrets, which they might cite', () => {
    const secrets = { ...SECRETS, token: '%s3cret%' }
    expect(said({ body: { text: cites } }, secrets)).toBe('body.text does not render, line:1, col:1')
    expect(said({ body: { json: [cites] } }, secrets)).toMatch(/^body\.json\.0 does not render/)
    expect(said({ body: { text: '{% for i in (1..1000000000) %}x{% endfor %}' } }, secrets)).toBe(
      'body.text memory alloc limit exceeded, line:1, col:1',
    )
  })

  test('is a request that its parts make too long', () => {
    const json = Array.from({ length: 1_000 }, () => `{{ key }}${'x'.repeat(5_000)}`)
    expect(said({ body: { json } })).toBe('The request is longer than 5000000 characters.')
  })
})

test('each text is told of before it is parsed, and before it is rendered, by its place among the settings’ texts', () => {
  const config: WebhookConfig = {
    method: 'POST',
    url: 'https://a.example/{{ key }}x',
    headers: [{ name: 'a', value: '{{ a }}' }],
    body: { json: ['x', '{{ a }}'] },
  }
  const told: number[] = []
  const prepared = prepareCall(config, (index) => void told.push(index))
  expect(told).toEqual([0, 1, 2, 3])
  renderPreparedCall(prepared, SCOPE, {}, (index) => void told.push(index))
  expect([told.slice(4), webhookTexts(config).length]).toEqual([[0, 1, 3, 4], 4])
})
