import { describe, expect, it } from 'vitest'
import { blockLinks, blocksToMjml, emailBlocks } from '../../../src/domain/content/email-blocks.ts'

function faults(blocks: unknown[]): string[] {
  const found: string[] = []
  emailBlocks.parse(blocks, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}
const body = (mjml: string) => /<mj-body>(.*)<\/mj-body>/.exec(mjml)?.[1] ?? ''

describe('blocks', () => {
  it('name every fault by its path', () => {
    const columns = (blocks: object[]) => ({ type: 'columns', columns: [{ blocks }] })
    expect(faults([{ type: 'heading', text: 'Hi', level: 2 }, { type: 'image', url: '{{ u }}', alt: '' }, { type: 'divider' }])).toEqual([])
    expect(faults([columns([{ type: 'button', text: 'Go', url: 'https://a.example' }])])).toEqual([])
    expect(
      faults([
        'text',
        { type: 'video' },
        { type: 'constructor' },
        { type: 'heading', text: 'Hi', level: 4 },
        { type: 'text', text: 'Hi', size: 3 },
        { type: 'image', url: 'https://a.example/1.png', alt: 'x', width: 601 },
        columns([columns([])]),
        { type: 'columns', columns: [] },
      ]),
    ).toEqual([
      '0.type must be one of heading, text, image, button, divider, columns',
      '1.type must be one of heading, text, image, button, divider, columns',
      '2.type must be one of heading, text, image, button, divider, columns',
      '3.level must be at most 3',
      '4.size is not a setting here',
      '5.width must be at most 600',
      '6.columns.0.blocks.0.type must be one of heading, text, image, button, divider',
      '7.columns must have at least 1 entries',
    ])
  })

  it.each(['a %}{% raw %}', '{{ a }}', 'a\nb'])('take no condition that would end its own tag: %j', (when) => {
    expect(faults([{ type: 'divider', when }])).toEqual(['0.when must match ^[^%{}\\n]+$'])
  })

  it('in a row share a section; columns have one of their own', () => {
    const text = (words: string) => ({ type: 'text' as const, text: words })
    const mjml = blocksToMjml([text('a'), text('b'), { type: 'columns', columns: [{ blocks: [text('c')] }, { blocks: [] }] }, text('d')])
    const section = (inner: string) => `<mj-section padding="8px 0">${inner}</mj-section>`
    expect(body(mjml)).toBe(
      section('<mj-column><mj-text>a</mj-text><mj-text>b</mj-text></mj-column>') +
        section('<mj-column><mj-text>c</mj-text></mj-column><mj-column></mj-column>') +
        section('<mj-column><mj-text>d</mj-text></mj-column>'),
    )
  })

  it('whose condition did not hold are left out, and a section of none of them, too', () => {
    const text = (words: string, when: string) => ({ type: 'text' as const, text: words, when })
    const columns = { type: 'columns' as const, columns: [{ blocks: [text('in', '1'), text('out', '')] }] }
    expect(body(blocksToMjml([text('gone', ' '), columns]))).toBe(
      '<mj-section padding="8px 0"><mj-column><mj-text>in</mj-text></mj-column></mj-section>',
    )
    expect(body(blocksToMjml([text('gone', '')]))).toBe('')
  })

  it('wear the theme, and their own colours before it', () => {
    const button = { type: 'button' as const, text: 'Go', url: 'https://a.example/?a=1&b=2' }
    const theme = { background: '#eeeeee', surface: '#ffffff', accent: '#00ff00', text: '#111111', font: 'Georgia' }
    const mjml = blocksToMjml([button, { ...button, color: '#0000ff', textColor: '#000000', align: 'left' }, { type: 'divider' }], theme)
    expect(mjml).toContain('<mj-body background-color="#eeeeee"><mj-section background-color="#ffffff" padding="8px 0">')
    expect(mjml).toContain('<mj-text font-family="Georgia" color="#111111" ')
    expect(mjml).toContain('<mj-button href="https://a.example/?a=1&b=2" background-color="#00ff00" color="#ffffff">Go</mj-button>')
    expect(mjml).toContain('background-color="#0000ff" color="#000000" align="left">Go</mj-button><mj-divider border-color="#dddddd"')
  })

  it('let no text of an attribute end it', () => {
    const mjml = blocksToMjml([{ type: 'image', url: 'https://a.example/"><mj-raw>', alt: '"<b>', width: 40, href: 'https://b.example' }])
    expect(body(mjml)).toContain(
      '<mj-image src="https://a.example/&quot;&gt;&lt;mj-raw&gt;" alt="&quot;&lt;b&gt;" href="https://b.example" width="40px" />',
    )
  })

  it('tell where they lead, with the place', () => {
    const image = { type: 'image' as const, url: 'i', alt: '', href: 'h' }
    const button = { type: 'button' as const, text: 'Go', url: 'b' }
    expect(blockLinks([image, { type: 'columns', columns: [{ blocks: [button, { ...button, when: '' }] }] }, { type: 'divider' }])).toEqual([
      { path: ['blocks', '0', 'url'], url: 'i' },
      { path: ['blocks', '0', 'href'], url: 'h' },
      { path: ['blocks', '1', 'columns', '0', 'blocks', '0', 'url'], url: 'b' },
    ])
  })
})
