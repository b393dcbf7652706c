import { expect, test } from 'vitest'
import { EMAIL } from '../../../src/domain/content/email.ts'
import { templateTexts } from '../../../src/domain/content.ts'

function faults(value: object): string[] {
  const found: string[] = []
  EMAIL.shape.parse({ subject: 'Hi', ...value }, ['content'], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test.each([
  [{ html: '<p>Hi</p>' }, []],
  [{ mjml: '<mjml></mjml>', text: 'Hi', preheader: 'Pre', replyTo: 'a@b.example' }, []],
  [{ blocks: [{ type: 'text', text: 'Hi' }], theme: { accent: '#ff0000', font: "Georgia, 'Times New Roman', serif" } }, []],
  [{}, ['content needs exactly one of html, mjml, blocks']],
  [{ html: 'x', mjml: 'y' }, ['content needs exactly one of html, mjml, blocks']],
  [{ html: 'x', theme: {} }, ['content.theme is for a mail made of blocks']],
  [{ blocks: [] }, ['content.blocks must have at least 1 entries']],
  [{ blocks: [{ type: 'text', text: 'Hi' }], theme: { accent: 'red' } }, ['content.theme.accent must match ^#[0-9a-fA-F]{6}$']],
  [{ html: 'x'.repeat(1_000_001) }, ['content.html must have at most 1000000 characters']],
  [{ mjml: 'x'.repeat(262_145) }, ['content.mjml must have at most 262144 characters']],
])('%j', (content, expected) => {
  expect(faults(content)).toEqual(expected)
})

test('the schema says the same of the body', () => {
  expect(EMAIL.shape.schema).toMatchObject({
    required: ['subject'],
    oneOf: [{ required: ['html'] }, { required: ['mjml'] }, { required: ['blocks'] }],
  })
})

test('a condition is a template that prints where it holds; a text called `when` anywhere else is a text', () => {
  const content = {
    subject: 's',
    theme: { accent: '#ff0000' },
    blocks: [{ type: 'columns', columns: [{ blocks: [{ type: 'text', text: '{{ a }}', when: 'a > 1' }] }] }],
  }
  expect(templateTexts('email', content).map((each) => [each.path.join('.'), each.text, each.escape])).toEqual([
    ['subject', 's', 'none'],
    ['blocks.0.type', 'columns', 'html'],
    ['blocks.0.columns.0.blocks.0.type', 'text', 'html'],
    ['blocks.0.columns.0.blocks.0.text', '{{ a }}', 'html'],
    ['blocks.0.columns.0.blocks.0.when', '{% if a > 1 %}1{% endif %}', 'html'],
  ])
  expect(templateTexts('push', { title: 't', data: { when: 'now' } }).at(-1)).toEqual({ path: ['data', 'when'], text: 'now', escape: 'none' })
})
