import { describe, expect, it } from 'vitest'
import { plainTextOf, plainTextTemplate } from '../../src/services/plain-text.ts'

describe('the plain text of a mail', () => {
  it.each([
    [
      '<html><head><style>p{}</style><title>T</title></head><body><h1>Hi</h1><p>Two&nbsp;words</p><p>a <b>b</b><br>c</p></body></html>',
      'Hi\n\nTwo words\n\na b\nc',
    ],
    ['<a href="https://shop.example/">Buy</a> <a href="https://x.example">https://x.example</a>', 'Buy [https://shop.example/] https://x.example'],
    ['<img src="https://i.example/1.png" alt="Socks"> <img src="https://i.example/2.png">', 'Socks'],
    ['<ul><li>one</li><li>two</li></ul>', '* one\n * two'],
    ['', ''],
  ])('%s', (html, text) => {
    expect(plainTextOf(html)).toBe(text)
  })

  it('reads MJML as it stands', () => {
    const mjml =
      '<mjml><mj-head><mj-title>T</mj-title></mj-head><mj-body><mj-section><mj-column><mj-text>Hi</mj-text><mj-image src="x" alt="Socks" /><mj-button href="https://shop.example/">Buy</mj-button></mj-column><mj-column><mj-text>Bye</mj-text></mj-column></mj-section></mj-body></mjml>'
    expect(plainTextOf(mjml)).toBe('Hi\n\nSocks\n\nBuy [https://shop.example/]\n\nBye')
  })

  it('merely drops the tags of what is nested too deep to walk', () => {
    expect(plainTextOf(`${'<div>'.repeat(50_000)}deep ${'</div>'.repeat(50_000)} down<b`)).toMatch(/^deep +down$/)
  })
})

describe('its template', () => {
  it.each([
    ['<p>Hi {{ contact.name }}</p><p><a href="{{ url }}">go</a></p>', 'Hi {{ contact.name }}\n\ngo [{{ url }}]'],
    [
      '{% if a < b %}<p>{{ "x" | append: "y" }}</p>{% else %}<h2>{{ z }}</h2>{% endif %}',
      '{% if a < b %}\n\n{{ "x" | append: "y" }}\n\n{% else %}\n\n{{ z }}\n\n{% endif %}',
    ],
    ['<table>{% for each in list %}<tr><td>{{ each }}</td></tr>{% endfor %}</table>', '{% for each in list %}{{ each }}{% endfor %}'],
    ['<p>Hi</p><img src="{{ picture }}">', 'Hi'],
  ])('of %s', (html, template) => {
    expect(plainTextTemplate(html)).toBe(template)
  })

  it.each([
    ['HTML is put in', '<p>{{ vars.body | raw }}</p>'],
    ['a tag is lost with what surrounds it', '<head>{% assign x = 1 %}</head><p>{{ x }}</p>'],
    ['Liquid is not to be read', '{% raw %}{{ x }}{% endraw %}'],
    ['it is half open', '<p>{{ x </p>'],
  ])('none where %s', (_why, html) => {
    expect(plainTextTemplate(html)).toBeNull()
  })
})
