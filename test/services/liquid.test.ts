import { expect, test } from 'vitest'
import { checkTemplate, inspectContent, pickVariant, prepareContent, renderContent, renderPrepared, usesOf } from '../../src/services/liquid.ts'

const html = (text: string, scope: object) => renderContent('email', { subject: 'S', html: text }, scope).html

test('a template that cannot be rendered is told when it is saved, in words', () => {
  expect(checkTemplate('Hi {{ contact.name | upcase }}{% if a %}!{% endif %}')).toBeNull()
  expect(checkTemplate('{% if a %}')).toMatch(/not closed/)
  expect(checkTemplate('{{ name | shout }}')).toMatch(/undefined filter: shout/)
  expect(checkTemplate('x'.repeat(1_000_001))).toMatch(/limit exceeded/)
})

test.each(['render "x"', 'include "x"', 'layout "x"', 'block b', 'echo x', 'cycle x, y', 'nonsense'])(
  'the tag in {%% %s %%} is unknown: it would read files or escape nothing',
  (tag) => {
    expect(checkTemplate(`{% ${tag} %}`)).toMatch(/tag ".*" not found/)
  },
)

test('what ends up in a document is escaped, what is plain text is not', () => {
  const name = '<b>Ada & "Bob"</b>'
  expect(renderContent('email', { subject: '{{ name }}', html: '<p>{{ name }}</p>', text: '{{ name }}', preheader: '{{ name }}' }, { name })).toEqual(
    {
      subject: name,
      html: '<p>&lt;b&gt;Ada &amp; &#34;Bob&#34;&lt;/b&gt;</p>',
      text: name,
      preheader: '&lt;b&gt;Ada &amp; &#34;Bob&#34;&lt;/b&gt;',
    },
  )
  expect(renderContent('sms', { body: '{{ name }}' }, { name })).toEqual({ body: name })
})

test('markup of the author’s own passes only where it says raw', () => {
  expect(html('{{ block | raw }}', { block: '<i>ours</i>' })).toBe('<i>ours</i>')
  expect(html('{% assign n = name %}{{ n }}{% for each in list %}{{ each }}{% endfor %}', { name: '<', list: ['>'] })).toBe('&lt;&gt;')
})

test('nested texts are rendered where they stand; a duration is not a template', () => {
  const content = { title: 'T', body: 'B', data: { cart: '{{ event.cartId }}' }, deepLink: 'app://cart/{{ event.cartId }}', ttl: 'PT1H' }
  expect(renderContent('push', content, { event: { cartId: 'c1' } })).toEqual({
    title: 'T',
    body: 'B',
    data: { cart: 'c1' },
    deepLink: 'app://cart/c1',
    ttl: 'PT1H',
  })
  expect(content.data.cart).toBe('{{ event.cartId }}')
})

test('a partial is rendered with what it is given, escaped as where it stands, and by others', () => {
  const partials = { footer: '<hr>{{ shop }}{{ name }}{% render "legal", of: shop %}', legal: '© {{ of }}' }
  const text = "{{ name }}{% render 'footer', shop: 'A & B' %}{% render 'legal' for list as of %}"
  const source = { content: { subject: text, html: `<p>${text}</p>` }, partials }
  expect(renderPrepared(prepareContent('email', source), { name: 'Ada', list: [1, 2] })).toEqual({
    subject: 'Ada<hr>A & B© A & B© 1© 2',
    html: '<p>Ada<hr>A &amp; B© A &amp; B© 1© 2</p>',
    text: expect.stringMatching(/^Ada\n+-+\n+A & B© A & B© 1© 2$/),
  })
})

test('partials are named in quotes, and are there', () => {
  expect(usesOf("{% render 'a' %}{% if x %}{% render \"b\", y: 1 %}{% endif %}{% liquid\nrender 'c'\n%}{% render 'a' %}")).toEqual({
    names: ['a', 'b', 'c'],
    fault: null,
  })
  for (const text of ['{% render name %}', '{% render "{{ name }}" %}']) expect(usesOf(text).fault).toMatch(/in quotes/)
  expect(inspectContent('sms', { content: { body: "{% render 'a' %}" } })).toEqual({ path: ['body'], message: 'There is no partial «a».' })
  expect(inspectContent('sms', { content: { body: "{% render 'a' %}" }, partials: { a: '' } })).toBeNull()
  expect(inspectContent('sms', { content: { body: "{% render 'constructor' %}" }, partials: {} })).toMatchObject({ path: ['body'] })
})

test('a text that grows past what anybody sends is refused', () => {
  const list = Array.from({ length: 600_000 }, (_, n) => n)
  expect(() => renderContent('sms', { body: '{{ list | json: 10 }}' }, { list })).toThrow('body is longer than 5000000 characters')
})

test('data is read by its own properties alone', () => {
  expect(html('[{{ contact.constructor.name }}{{ contact.toString }}{{ contact.name }}]', { contact: { name: 'Ada' } })).toBe('[Ada]')
  expect(html('[{{ missing.deeper }}]', {})).toBe('[]')
})

test('a template that would run away is stopped', () => {
  expect(() => html('{% for i in (1..100000000) %}x{% endfor %}', {})).toThrow(/limit exceeded/)
  const nested = '{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}{% endfor %}{% endfor %}{% endfor %}'
  expect(() => html(nested, {})).toThrow(/limit exceeded/)
})

test.each([
  ['pt-BR', 'pt-BR'],
  ['PT-br', 'pt-BR'],
  ['pt-PT', 'pt'],
  ['pt', 'pt'],
  ['de', 'en'],
  [null, 'en'],
])('a contact of locale %s gets the variant %s', (locale, expected) => {
  const variants = ['en', 'pt', 'pt-BR'].map((each) => ({ locale: each, content: {} }))
  expect(pickVariant(variants, locale)?.locale).toBe(expected)
  expect(pickVariant([], locale)).toBeNull()
})
