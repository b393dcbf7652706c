import { describe, expect, test } from 'vitest'
import { IN_APP, SURFACES, showingOf } from '../../../src/domain/content/in-app.ts'
import { templateTexts } from '../../../src/domain/content.ts'
import type { JsonObject } from '../../../src/domain/json.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const DAY = 86_400_000

function faults(content: JsonObject): string[] {
  const found: string[] = []
  IN_APP.shape.parse(content, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

const modal = { surface: 'MODAL', title: 'Hi' }

describe('what is taken when a template is saved', () => {
  test('the least and the most', () => {
    for (const surface of SURFACES) expect(faults({ surface, title: 'Hi', key: 'order' })).toEqual([])
    expect(faults(modal)).toEqual([])
    expect(
      faults({
        surface: 'BANNER',
        title: 'Hi',
        body: 'There',
        imageUrl: 'https://a.example/1.png',
        deepLink: 'app://orders/{{ event.orderId }}',
        buttons: [
          { key: 'yes', label: 'Yes', deepLink: 'app://yes' },
          { key: 'no-thanks', label: 'No' },
        ],
        data: { orderId: '{{ event.orderId }}' },
        key: 'order-{{ event.orderId }}',
        priority: 90,
        target: { platforms: ['IOS', 'WEB'], screens: ['home'], events: ['app.opened'] },
        ttl: 'P2D',
        expiresAt: '{{ event.offerEnds }}',
      }),
    ).toEqual([])
  })

  test('every fault by its path', () => {
    expect(faults({ surface: 'POPUP' })).toEqual(['surface must be one of FULL_SCREEN, MODAL, BANNER, INBOX, LIVE_STATUS', 'title is missing'])
    expect(faults({ surface: 'LIVE_STATUS', title: 'On its way' })).toEqual(['key is needed by a live status: what it is the status of'])
    const yes = { key: 'yes', label: 'Yes' }
    expect(faults({ ...modal, buttons: [yes, { key: 'no', label: 'No' }, { ...yes, label: 'Sure' }] })).toEqual(['buttons.2.key is there twice'])
    expect(faults({ ...modal, buttons: [{ key: '{{ x }}', label: 'Yes' }] })).toEqual(['buttons.0.key must match ^[A-Za-z0-9_-]+$'])
    expect(faults({ ...modal, priority: 101, target: { platforms: ['TV'], screens: [], page: 'x' }, ttl: 'PT0S' })).toEqual([
      'priority must be at most 100',
      'target.page is not a setting here',
      'target.platforms.0 must be one of IOS, ANDROID, WEB',
      'target.screens must have at least 1 entries',
      'ttl must be longer than nothing',
    ])
  })

  test('the schema says of a live status what is asked of it', () => {
    expect(IN_APP.shape.schema.anyOf).toEqual([{ properties: { surface: { not: { const: 'LIVE_STATUS' } } } }, { required: ['key'] }])
  })
})

test('what names a place or a length is no Liquid; all other text is', () => {
  const content = {
    ...modal,
    key: 'k',
    buttons: [{ key: 'yes', label: 'Yes', deepLink: 'app://yes' }],
    priority: 3,
    target: { platforms: ['IOS'], screens: ['{{ home }}'] },
    ttl: 'PT1H',
    expiresAt: 'e',
  }
  const texts = templateTexts('in_app', content).map((each) => [each.path.join('.'), each.escape])
  expect(texts).toEqual(['title', 'key', 'buttons.0.key', 'buttons.0.label', 'buttons.0.deepLink', 'expiresAt'].map((path) => [path, 'none']))
})

describe('what rendered content comes to', () => {
  test('what is left out has its defaults: 30 days, priority 50, everywhere', () => {
    expect(showingOf(modal, NOW)).toEqual({
      content: modal,
      key: null,
      priority: 50,
      platforms: null,
      screens: null,
      events: null,
      ttl: 30 * DAY,
      until: null,
    })
  })

  test('what is given is taken apart, the key without the space a template leaves around it', () => {
    const target = { platforms: ['WEB'], screens: ['cart'], events: ['seen'] }
    const content = { ...modal, key: ' order-7\n', priority: 0, target, ttl: 'PT1H', expiresAt: ' 2025-06-15T12:00:00.001Z ' }
    expect(showingOf(content, NOW)).toEqual({ content, key: 'order-7', priority: 0, ...target, ttl: 3_600_000, until: NOW + 1 })
  })

  test.each<[string, JsonObject]>([
    ['key must have 1 to 200 characters', { key: ' ' }],
    ['key must have 1 to 200 characters', { key: 'x'.repeat(201) }],
    ['expiresAt is not an instant', { expiresAt: '' }],
    ['expiresAt is not an instant', { expiresAt: 'tomorrow' }],
    ['expiresAt has passed', { expiresAt: '2025-06-15T12:00:00Z' }],
    ['holds NUL or half a surrogate pair', { body: 'a\u0000b' }],
    ['a deep link would run code', { deepLink: 'javascript:alert(1)' }],
    ['a deep link would run code', { deepLink: ' java\nscript:alert(1)' }],
    ['a deep link would run code', { buttons: [{ key: 'a', label: 'A', deepLink: 'DATA:text/html,x' }] }],
  ])('%s: %j', (fault, content) => {
    expect(showingOf({ ...modal, ...content }, NOW)).toEqual({ fault })
  })

  test('links into the app, to the web and to a path are links', () => {
    for (const deepLink of ['app://x', 'https://a.example/javascript:', '/cart', 'datadog://x', ''])
      expect(showingOf({ ...modal, deepLink }, NOW)).toMatchObject({ content: { deepLink } })
  })
})
