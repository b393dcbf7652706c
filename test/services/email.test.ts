import { describe, expect, it } from 'vitest'
import { inspectContent, renderContent } from '../../src/services/liquid.ts'

const render = (content: object, scope: object = {}) => renderContent('email', { subject: 'S', ...content } as never, scope) as Record<string, string>
const block = (text: string, when?: string) => ({ type: 'text', text, ...(when === undefined ? {} : { when }) })

describe('a mail as it goes out', () => {
  it('of HTML has its plain text beside it, values unescaped', () => {
    const html = '<p>Dear {{ name }},</p><p><a href="{{ url }}">go</a></p>'
    expect(render({ html }, { name: 'A & B', url: 'https://a.example/?a=1&b=2' })).toEqual({
      subject: 'S',
      html: '<p>Dear A &amp; B,</p><p><a href="https://a.example/?a=1&amp;b=2">go</a></p>',
      text: 'Dear A & B,\n\ngo [https://a.example/?a=1&b=2]',
    })
  })

  it('of HTML whose values are HTML has a plain text that reads them', () => {
    expect(render({ html: '<div>{{ body | raw }}</div>' }, { body: '<p>one</p><p>two</p>' }).text).toBe('one\n\ntwo')
  })

  it('has the author’s plain text where there is one, and none where there is nothing to read', () => {
    expect(render({ html: '<p>Hi</p>', text: 'Hello {{ name }}' }, { name: '<Ada>' }).text).toBe('Hello <Ada>')
    expect(render({ html: '<p>Hi</p>', text: '{{ missing }}' }).text).toBe('Hi')
    expect(render({ html: '<img src="x">' })).not.toHaveProperty('text')
  })

  it('of MJML is HTML with the values escaped', () => {
    const mjml = '<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ name }}</mj-text></mj-column></mj-section></mj-body></mjml>'
    const mail = render({ mjml }, { name: '<b>Ada</b> & "Bob"' })
    expect(mail.html).toContain('>Hi &lt;b&gt;Ada&lt;/b&gt; &amp; &#34;Bob&#34;</div>')
    expect(mail.text).toBe('Hi <b>Ada</b> & "Bob"')
    expect(Object.keys(mail).sort()).toEqual(['html', 'subject', 'text'])
  })

  it.each([
    [{ contact: { plan: 'gold', tags: ['vip'] }, n: 3 }, 'always\n\ngold\n\nvip\n\nmany'],
    [{ contact: { plan: 'free', tags: [] }, n: 1 }, 'always'],
    [{}, 'always'],
  ])('of blocks has those whose condition holds for %j', (scope, text) => {
    const blocks = [
      block('always'),
      block('gold', 'contact.plan == "gold"'),
      block('vip', 'contact.tags contains "vip"'),
      { type: 'columns', columns: [{ blocks: [block('many', 'n > 2')] }] },
    ]
    expect(render({ blocks }, scope).text).toBe(text)
  })

  it('has one line of subject, and no empty extras', () => {
    expect(
      render({ subject: ' Hi {{ name }} ', html: 'x', preheader: '{{ no }}', replyTo: ' {{ to }} ' }, { name: 'A\r\nBcc: b@c.example', to: '' }),
    ).toEqual({
      subject: 'Hi A Bcc: b@c.example',
      html: 'x',
      text: 'x',
    })
    expect(render({ subject: `${'x'.repeat(900)}{{ name }}`, html: 'x' }, { name: 'y'.repeat(500) }).subject).toHaveLength(998)
    expect(render({ subject: `${'x'.repeat(997)}{{ name }}`, html: 'x' }, { name: '🙂' }).subject).toBe('x'.repeat(997))
    expect(render({ subject: 'a{{ name }}b', html: 'x' }, { name: '\u0000\u001b\u0085\u2028' }).subject).toBe('a b')
  })

  it('leads nowhere but to addresses a mail program may open', () => {
    const blocks = [{ type: 'button', text: 'Go', url: '{{ url }}' }]
    expect(render({ blocks }, { url: 'https://shop.example' }).text).toBe('Go [https://shop.example]')
    for (const url of ['javascript:alert(1)', ' ', 'shop.example']) expect(() => render({ blocks }, { url })).toThrow('blocks.0.url is no http')
  })

  it('is refused where values make too much of it', () => {
    const mjml = '<mjml><mj-body><mj-raw>{% for i in (1..n) %}<i>x</i>{% endfor %}</mj-raw></mj-body></mjml>'
    expect(render({ mjml }, { n: 3 }).html).toContain('<i>x</i><i>x</i><i>x</i>')
    expect(() => render({ mjml }, { n: 5_000 })).toThrow('more than 4000 elements')
    expect(() => render({ html: '{% for i in (1..n) %}0123456789{% endfor %}' }, { n: 600_000 })).toThrow(/longer than 5000000|limit exceeded/)
  })
})

describe('what is known to fail when a mail is saved', () => {
  const check = (content: object) => inspectContent('email', { content: { subject: 'S', ...content } as never })

  it.each([
    [{ html: '<p>' }, null],
    [{ blocks: [{ type: 'button', text: 'Go', url: '{{ url }}' }] }, null],
    [{ blocks: [block('<b>never closed', 'never')] }, ['blocks']],
    [{ mjml: '<mjml><mj-body>' }, ['mjml']],
    [{ mjml: '{% if a %}<mjml><mj-body></mj-body></mjml>{% endif %}' }, ['mjml']],
    [
      { blocks: [block('a'), { type: 'columns', columns: [{ blocks: [{ type: 'button', text: 'Go', url: 'shop' }] }] }] },
      ['blocks', '1', 'columns', '0', 'blocks', '0', 'url'],
    ],
    // Data alone could tell.
    [{ mjml: '{% for i in (1..n) %}{% for j in (1..100000000) %}x{% endfor %}{% endfor %}<mjml></mjml>' }, null],
  ])('%j', (content, path) => {
    expect(check(content)?.path ?? null).toEqual(path)
  })

  it('is nothing on other channels', () => {
    expect(inspectContent('sms', { content: { body: 'x' } })).toBeNull()
  })
})
