import { isObject, type JsonObject } from '../json.ts'
import { choice, custom, type Infer, list, number, object, optional, type Shape, text } from '../shape.ts'

/** Never a place where Liquid would begin or end: it stands inside a tag of ours. */
const when = optional(
  text({
    title: 'Only when',
    description: 'A Liquid condition such as `contact.plan == "gold"`; the block is left out where it does not hold.',
    max: 500,
    pattern: /^[^%{}\n]+$/,
  }),
)
const align = optional(choice(['left', 'center', 'right'], { title: 'Alignment' }))
const color = (title: string) => optional(text({ title, pattern: /^#[0-9a-fA-F]{6}$/ }))
const link = (title: string) => text({ title, description: 'May hold Liquid; http, https, mailto or tel.', max: 2_000 })
const kind = <const T extends string>(type: T) => choice([type])

const heading = object({
  type: kind('heading'),
  text: text({ title: 'Heading', max: 1_000 }),
  level: optional(number({ title: 'Level', integer: true, min: 1, max: 3 })),
  align,
  color: color('Colour'),
  when,
})
const paragraph = object({
  type: kind('text'),
  text: text({ title: 'Text', description: 'May hold HTML of a line: bold, italics, links, breaks.', max: 50_000 }),
  align,
  color: color('Colour'),
  when,
})
const image = object({
  type: kind('image'),
  url: link('Address'),
  alt: text({ title: 'What it shows', description: 'Read out, and shown where images are off.', min: 0, max: 500 }),
  href: optional(link('Leads to')),
  width: optional(number({ title: 'Width in pixels', integer: true, min: 1, max: 600 })),
  align,
  when,
})
const button = object({
  type: kind('button'),
  text: text({ title: 'Text', max: 200 }),
  url: link('Leads to'),
  color: color('Background'),
  textColor: color('Text colour'),
  align,
  when,
})
const divider = object({ type: kind('divider'), color: color('Colour'), when })

const SIMPLE = { heading, text: paragraph, image, button, divider }
type SimpleBlock = Infer<(typeof SIMPLE)[keyof typeof SIMPLE]>

/** One of several shapes, told apart by the value's `type`. */
function oneOf<T>(shapes: Record<string, Shape<unknown>>): Shape<T> {
  return custom({ oneOf: Object.values(shapes).map((shape) => shape.schema) }, (value, path, report) => {
    const type = isObject(value) && typeof value.type === 'string' ? value.type : ''
    const shape = Object.hasOwn(shapes, type) ? shapes[type] : undefined
    if (shape !== undefined) return shape.parse(value, path, report) as T | undefined
    return void report([...path, 'type'], `must be one of ${Object.keys(shapes).join(', ')}`)
  })
}

const columns = object({
  type: kind('columns'),
  columns: list(object({ blocks: list(oneOf<SimpleBlock>(SIMPLE), { title: 'Blocks', max: 50 }) }), { title: 'Columns', min: 1, max: 4 }),
  when,
})

export type EmailBlock = SimpleBlock | Infer<typeof columns>
export const emailBlocks = list(oneOf<EmailBlock>({ ...SIMPLE, columns }), { title: 'Blocks', min: 1, max: 200 })

export const emailTheme = object(
  {
    background: color('Background around the mail'),
    surface: color('Background of the mail'),
    text: color('Text colour'),
    accent: color('Colour of buttons'),
    font: optional(text({ title: 'Font family', pattern: /^[\w ,'-]+$/, max: 200 })),
  },
  { title: 'Looks', description: 'Of a mail made of blocks.' },
)
export type EmailTheme = Infer<typeof emailTheme>

/** A condition's own template: prints something where it holds. */
export const conditionTemplate = (condition: string) => `{% if ${condition} %}1{% endif %}`

/** Whether a block stays: its condition, rendered by then, printed something. */
const stays = (block: { when?: string }) => block.when === undefined || block.when.trim() !== ''

/** Liquid has escaped what it put in; what the author wrote must not end the attribute. */
const attribute = (value: string) => value.replace(/["<>]/g, (character) => (character === '"' ? '&quot;' : character === '<' ? '&lt;' : '&gt;'))
const attributes = (values: Record<string, string | undefined>) =>
  Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${attribute(value)}"`))
    .join('')

const SIZES = ['28px', '22px', '18px'] as const

function simpleMjml(block: SimpleBlock, theme: EmailTheme): string {
  switch (block.type) {
    case 'heading': {
      const level = block.level ?? 1
      const looks = { align: block.align, color: block.color, 'font-size': SIZES[level - 1], 'font-weight': '700', 'line-height': '1.3' }
      return `<mj-text${attributes(looks)}><h${level} style="margin:0;font:inherit">${block.text}</h${level}></mj-text>`
    }
    case 'text':
      return `<mj-text${attributes({ align: block.align, color: block.color })}>${block.text}</mj-text>`
    case 'image':
      return `<mj-image${attributes({ src: block.url, alt: block.alt, href: block.href, align: block.align, width: block.width === undefined ? undefined : `${block.width}px` })} />`
    case 'button':
      return `<mj-button${attributes({ href: block.url, 'background-color': block.color ?? theme.accent ?? '#1a56db', color: block.textColor ?? '#ffffff', align: block.align })}>${block.text}</mj-button>`
    case 'divider':
      return `<mj-divider${attributes({ 'border-color': block.color ?? '#dddddd', 'border-width': '1px' })} />`
  }
}

/**
 * The MJML of rendered blocks, those left out whose condition does not hold. Blocks in a row share a section.
 * Their texts are HTML by now.
 */
export function blocksToMjml(blocks: readonly EmailBlock[], theme: EmailTheme = {}): string {
  const sections: string[] = []
  let row: string[] = []
  const column = (parts: readonly string[]) => `<mj-column>${parts.join('')}</mj-column>`
  const section = (parts: readonly string[]) =>
    `<mj-section${attributes({ 'background-color': theme.surface, padding: '8px 0' })}>${parts.join('')}</mj-section>`
  const endRow = () => {
    if (row.length > 0) sections.push(section([column(row)]))
    row = []
  }
  for (const block of blocks) {
    if (!stays(block)) continue
    if (block.type !== 'columns') {
      row.push(simpleMjml(block, theme))
      continue
    }
    endRow()
    sections.push(section(block.columns.map((each) => column(each.blocks.filter(stays).map((inner) => simpleMjml(inner, theme))))))
  }
  endRow()
  const text = attributes({
    'font-family': theme.font ?? 'Helvetica, Arial, sans-serif',
    color: theme.text ?? '#222222',
    'font-size': '16px',
    'line-height': '1.5',
  })
  const all = `<mj-attributes><mj-text${text} /><mj-button${attributes({ 'font-family': theme.font, 'font-size': '16px' })} /></mj-attributes>`
  return `<mjml><mj-head>${all}</mj-head><mj-body${attributes({ 'background-color': theme.background })}>${sections.join('')}</mj-body></mjml>`
}

/** Every address in rendered blocks, with its place. */
export function blockLinks(blocks: readonly EmailBlock[], at: readonly string[] = ['blocks']): { path: readonly string[]; url: string }[] {
  return blocks.flatMap((block, index) => {
    const path = [...at, String(index)]
    if (block.type === 'columns')
      return block.columns.flatMap((each, place) => blockLinks(each.blocks, [...path, 'columns', String(place), 'blocks']))
    const links = block as JsonObject
    return ['url', 'href'].flatMap((field) =>
      typeof links[field] === 'string' && stays(block) ? [{ path: [...path, field], url: links[field] }] : [],
    )
  })
}
