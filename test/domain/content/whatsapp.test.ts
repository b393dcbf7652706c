import { describe, expect, test } from 'vitest'
import { WHATSAPP } from '../../../src/domain/content/whatsapp.ts'

const faultsOf = (content: unknown): string[] => {
  const faults: string[] = []
  const parsed = WHATSAPP.shape.parse(content, [], (path, message) => faults.push(`${path.join('.')}: ${message}`))
  expect(parsed === undefined).toBe(faults.length > 0)
  return faults
}

const named = { name: 'order_update', language: 'en_US' }
const utility = (template: object, rest: object = {}) => ({ category: 'UTILITY', template, ...rest })
const service = (session: object) => ({ category: 'SERVICE', session })
const row = (id: string) => ({ id, title: id })

describe('what a WhatsApp template may hold', () => {
  test.each([
    ['a template at Meta', utility({ ...named, body: ['{{ contact.name }}'] })],
    ['one at Twilio', utility({ sid: `HX${'a'.repeat(32)}`, variables: { 1: '{{ key }}' } })],
    ['one with named variables', utility({ ...named, variables: { first_name: 'x' } })],
    ['one at each', utility({ ...named, sid: `HX${'a'.repeat(32)}`, body: ['x'], variables: { 1: 'x' } })],
    [
      'a header, buttons and a session text',
      utility({ ...named, header: { media: { type: 'image', url: '{{ vars.picture }}' } } }, { session: { text: 'x' } }),
    ],
    [
      'a carousel',
      { ...utility({ ...named, cards: [{ media: { type: 'image', url: 'https://a.example/1' }, body: ['x'] }] }), category: 'MARKETING' },
    ],
    ['a text alone', service({ text: 'x' })],
    ['a picture alone', service({ media: { type: 'sticker', url: 'https://a.example/1' } })],
    ['reply buttons', service({ text: 'x', footer: 'y', buttons: [row('a'), row('b')], media: { type: 'image', url: 'https://a.example/1' } })],
    [
      'a list',
      service({
        text: 'x',
        list: {
          button: 'Open',
          sections: [
            { title: 'A', rows: [row('a'), row('b')] },
            { title: 'B', rows: [row('c')] },
          ],
        },
      }),
    ],
  ])('%s', (_, content) => {
    expect(faultsOf(content)).toEqual([])
  })

  test.each([
    [{ category: 'SERVICE' }, ['session: is missing']],
    [{ category: 'MARKETING', session: { text: 'x' } }, ['template: is missing: only SERVICE goes without one']],
    [{ category: 'SERVICE', session: { text: 'x' }, template: named }, ['template: is for other kinds than SERVICE']],
    [{ category: 'NEWS', session: { text: 'x' } }, ['category: must be one of MARKETING, UTILITY, AUTHENTICATION, SERVICE']],
    [utility({}), ['template: needs its name at Meta or its content SID at Twilio']],
    [utility({ name: 'order_update' }), ['template.language: is missing']],
    [utility({ name: 'Order Update', language: 'en' }), ['template.name: must match ^[a-z0-9_]{1,512}$']],
    [utility({ name: '{{ vars.name }}', language: 'en' }), ['template.name: must match ^[a-z0-9_]{1,512}$']],
    [utility({ sid: 'HX1' }), ['template.sid: must match ^HX[0-9a-f]{32}$']],
    [utility({ sid: `HX${'a'.repeat(32)}`, body: ['x'] }), ['template.body: is for a template at Meta; at Twilio give `variables`']],
    [
      utility({ ...named, body: ['x'], variables: { name: 'x' } }),
      ['template.variables: does not go with `body`, which has its variables in their order'],
    ],
    [
      utility({ ...named, header: { text: 'x', media: { type: 'image', url: 'https://a.example/1' } } }),
      ['template.header: has either a text or media'],
    ],
    [utility({ ...named, header: { name: 'sale' } }), ['template.header.name: goes with a text']],
    [service({}), ['session: needs a text or media']],
    [service({ footer: 'x', text: 'y' }), ['session.footer: stands under buttons or a list only']],
    [service({ media: { type: 'audio', url: '{{ x }}' }, text: 'y' }), ['session.text: does not go with audio']],
    [service({ buttons: [row('a')] }), ['session: needs a text or media', 'session.text: is missing: buttons and lists stand under one']],
    [service({ text: 'x', buttons: [row('a'), row('a')] }), ['session.buttons: has an id twice']],
    [service({ text: 'x', buttons: ['a', 'b', 'c', 'd'].map(row) }), ['session.buttons: must have at most 3 entries']],
    [
      service({ text: 'x', media: { type: 'image', url: 'https://a.example/1' }, list: { button: 'x', sections: [{ rows: [row('a'), row('a')] }] } }),
      ['session.media: does not go with a list', 'session.list: has an id twice'],
    ],
    [
      service({
        text: 'x',
        list: { button: 'x', sections: ['a', 'b'].map((name) => ({ title: name, rows: [1, 2, 3, 4, 5, 6].map((n) => row(name + n)) })) },
      }),
      ['session.list.sections: must have at most 10 rows together'],
    ],
  ])('refuses %j', (content, faults) => {
    expect(faultsOf(content)).toEqual(faults)
  })

  test('a fault is told under the path the content stands at', () => {
    const faults: string[] = []
    WHATSAPP.shape.parse(utility({}), ['variants', '0', 'content'], (path) => faults.push(path.join('.')))
    expect(faults).toEqual(['variants.0.content.template'])
  })
})

describe('what Meta allows of a session message is measured where it holds no Liquid', () => {
  const buttons = (button: object) => service({ text: 'x', buttons: [{ id: 'a', title: 'A', ...button }] })
  const list = (given: object) => service({ text: 'x', list: { button: 'Open', sections: [{ title: 'A', rows: [row('a')] }], ...given } })
  const rows = (given: object) => list({ sections: [{ title: 'A', rows: [{ ...row('a'), ...given }] }] })
  const x = (length: number) => 'x'.repeat(length)
  const most = (path: string, length: number) => [`session.${path}: must have at most ${length} characters`]

  test.each([
    [buttons({ title: x(20), id: x(256) }), []],
    [buttons({ title: '🙂'.repeat(20) }), []],
    [buttons({ title: x(21) }), most('buttons.0.title', 20)],
    [buttons({ title: '{{ contact.attributes.name }} and more' }), []],
    [buttons({ id: x(257) }), most('buttons.0.id', 256)],
    [service({ text: x(1_025), buttons: [row('a')] }), most('text', 1_024)],
    [service({ text: x(1_025), media: { type: 'image', url: 'https://a.example/1' } }), most('text', 1_024)],
    [service({ text: x(4_096) }), []],
    [service({ text: 'x', footer: x(61), buttons: [row('a')] }), most('footer', 60)],
    [list({ button: x(21) }), most('list.button', 20)],
    [list({ sections: [{ title: x(25), rows: [row('a')] }] }), most('list.sections.0.title', 24)],
    [rows({ title: x(25) }), most('list.sections.0.rows.0.title', 24)],
    [rows({ description: x(73) }), most('list.sections.0.rows.0.description', 72)],
    [rows({ id: x(201) }), most('list.sections.0.rows.0.id', 200)],
    [rows({ title: x(24), description: x(72), id: x(200) }), []],
    [
      list({ sections: [{ title: 'A', rows: [row('a')] }, { rows: [row('b')] }] }),
      ['session.list.sections.1.title: is missing: with several sections each has one'],
    ],
    [service({ media: { type: 'image', url: 'ftp://a.example/1' } }), ['session.media.url: must be an http or https address']],
    [utility({ ...named, header: { media: { type: 'image', url: 'cat.png' } } }), ['template.header.media.url: must be an http or https address']],
  ])('%#', (content, expected) => {
    expect(faultsOf(content)).toEqual(expected)
  })
})
