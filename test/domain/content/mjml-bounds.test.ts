import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { measureMarkup, whyNotMjml } from '../../../src/domain/content/mjml-bounds.ts'

const mjml = (body: string, head = '') => `<mjml>${head}<mj-body>${body}</mj-body></mjml>`
const many = (part: string, times: number) => part.repeat(times)

describe('a look over markup', () => {
  it.each([
    ['', 0, 0],
    ['no tags < at all & 3 > 2', 0, 0],
    ['<p>a<br>b<img src="x"></p>', 3, 1],
    ['<a><b/><b /><c></c></a>', 4, 2],
    ['<a title="<b><b>" alt=\'>\'>x</a>', 1, 1],
    ['<!-- <a><a><a> --><b></b>', 1, 1],
    ['<a><!-- never closed <b>', 1, 1],
    ['</a></a><b></b>', 1, 1],
    ['<a', 1, 1],
    ['<a title="never closed><b><b>', 1, 1],
    ['<P><p></P>', 2, 2],
  ])('%j has %i elements, %i deep', (text, elements, depth) => {
    expect(measureMarkup(text)).toMatchObject({ elements, depth })
  })

  it('measures the longest tag, and counts names whatever their case', () => {
    const { longestTag, names } = measureMarkup('<a><b x="12345"/></a><A>')
    expect([longestTag, [...names]]).toEqual([
      '<b x="12345"/'.length,
      [
        ['a', 2],
        ['b', 1],
      ],
    ])
  })

  it('takes any text, and never counts more levels than elements', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^([<>/!"' -]|[ab]|<!--|-->){0,60}$/), (text) => {
        const { depth, elements } = measureMarkup(text)
        expect(depth).toBeLessThanOrEqual(elements)
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

describe('what is not rendered', () => {
  it.each([
    ['a mail', mjml('<mj-section><mj-column><mj-text>Hi <b>you</b></mj-text></mj-column></mj-section>'), null],
    [
      '300 products',
      mjml(many('<mj-section><mj-column><mj-image src="https://i.example/1.png" /><mj-text>Socks</mj-text></mj-column></mj-section>', 300)),
      null,
    ],
    ['inline HTML of any kind', mjml('<mj-raw><svg><path d="M0"/></svg></mj-raw>'), null],
    ['a book', mjml(many('x', 262_144)), 'is longer than 262144 characters when rendered'],
    ['a crowd', mjml(many('<mj-text/>', 4_001)), 'has more than 4000 elements'],
    ['a well', mjml(many('<div>', 99)), 'is nested more than 100 levels deep'],
    [
      'heirs of one long attribute',
      mjml(`${many('<mj-text/>', 2_000)}<mj-text css-class="${many('a', 2_000)}"/>`),
      'has too many elements for attributes of this length',
    ],
    [
      'heirs of many attributes',
      mjml(many('<mj-text/>', 2_000), `<mj-head><mj-attributes>${many('<mj-class name="a" color="red"/>', 70)}</mj-attributes></mj-head>`),
      'has too many elements for attributes of this length',
    ],
    ['a carousel without end', mjml(many('<mj-carousel-image src="x"/>', 31)), 'has more than 30 carousel images'],
    ['a file', mjml('<mj-include path="/etc/passwd"/>'), 'must not include files'],
    ['a slip', mjml('<mj-section><mj-colum></mj-colum></mj-section>'), 'has an element that MJML does not know: mj-colum'],
  ])('%s', (_what, text, why) => {
    expect(whyNotMjml(text)).toBe(why)
  })

  it('levels are counted to the last that is allowed', () => {
    expect(whyNotMjml(`<mjml>${many('<div>', 99)}${many('</div>', 99)}</mjml>`)).toBeNull()
  })
})
