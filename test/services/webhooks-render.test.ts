import { describe, expect, test } from 'vitest'
import type { WebhookConfig } from '../../src/domain/journey/nodes/webhook.ts'
import { type CallScope, renderCall } from '../../src/services/webhooks-render.ts'

const SCOPE: CallScope = {
  contact: { externalId: 'a/b?c', attributes: { age: 7, name: 'O"Neil\n{{ secrets.token }}', list: [1, { x: null }] }, tags: ['vip'], locale: 'de' },
  event: { cartId: 'c 1' },
  vars: { plan: 'pro', contact: 'shadow', secrets: { token: 'mine' } },
  key: '..',
}
const SECRETS = { token: 's3cret', base: 'https://hooks.example:8443/v1' }
const call = (config: Partial<WebhookConfig>) => renderCall({ method: 'POST', url: 'https://hooks.example/x', ...config }, SCOPE, SECRETS)

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
  const config: WebhookConfig = { method: 'GET', url: 'https://hooks.example/{{ contact.locale }}' }
  const urls = ['de', 'fr'].map((locale) => renderCall(config, { ...SCOPE, contact: { ...SCOPE.contact, locale } }, {}).url)
  expect(urls).toEqual(['https://hooks.example/de', 'https://hooks.example/fr'])
})
