import { compile, type FormatCallback } from 'html-to-text'
import { measureMarkup } from '../domain/content/mjml-bounds.ts'

/** A picture's words; its address says nothing to a reader. */
const alt: FormatCallback = (element, _walk, builder) => {
  const text = (element.attribs as Record<string, string>).alt ?? ''
  if (text !== '') builder.addInline(text)
}

/** A button or link of MJML, on a line of its own. */
const link: FormatCallback = (element, walk, builder) => {
  const { href } = element.attribs as { href?: string }
  builder.openBlock({ leadingLineBreaks: 2 })
  walk(element.children, builder)
  if (href !== undefined) builder.addInline(` [${href}]`)
  builder.closeBlock({ trailingLineBreaks: 2 })
}

/** MJML is read as it stands: of the HTML made of it nine tenths are tables and comments. */
const FORMATS: Record<string, { tags: string; options?: object }> = {
  alt: { tags: 'img mj-image mj-carousel-image' },
  heading: { tags: 'h1 h2 h3 h4 h5 h6', options: { uppercase: false } },
  block: {
    tags: 'mj-section mj-column mj-text mj-wrapper mj-hero mj-table mj-accordion-title mj-accordion-text',
    options: { leadingLineBreaks: 2, trailingLineBreaks: 2 },
  },
  skip: { tags: 'head style script title mj-head' },
  link: { tags: 'mj-button mj-navbar-link mj-social-element' },
  anchor: { tags: 'a', options: { hideLinkHrefIfSameAsText: true, noAnchorUrl: true } },
}

const convert = compile({
  wordwrap: false,
  formatters: { alt, link },
  selectors: Object.entries(FORMATS).flatMap(([format, { tags, options = {} }]) =>
    tags.split(' ').map((selector) => ({ selector, format, options })),
  ),
})

/** The converter recurses, and takes seconds over what is nested ten thousand deep: from here on tags are merely taken out. */
const DEEPEST = 200

/** What a mail's HTML or MJML says, as plain text; links in brackets after their words. */
export function plainTextOf(markup: string): string {
  // To the converter nothing of MJML closes itself: the rest would stand inside a picture.
  const closed = markup.replace(/<(mj-[a-z-]+)([^<>]*)\/>/g, '<$1$2></$1>')
  const text = measureMarkup(closed).depth > DEEPEST ? withoutTags(closed) : convert(closed)
  return text
    .replace(/\u00a0/g, ' ')
    .replace(/\u200b|\ufeff|\u034f|\u2007/g, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function withoutTags(markup: string): string {
  let text = ''
  for (let at = 0; at < markup.length; ) {
    const begin = markup.indexOf('<', at)
    if (begin < 0) return text + markup.slice(at)
    text += `${markup.slice(at, begin)} `
    const end = markup.indexOf('>', begin)
    at = end < 0 ? markup.length : end + 1
  }
  return text
}

const LIQUID = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g

/**
 * The plain text's own Liquid template, made of the HTML's before anything is rendered: once a template instead of once
 * a mail (4 ms for one of 60 kB). null where that cannot be told from the template: what is put in is
 * HTML itself, or a tag stands where text has no place for it.
 */
export function plainTextTemplate(html: string): string | null {
  const tokens: string[] = []
  const marked = html.replace(LIQUID, (token) => `\ue000${tokens.push(token) - 1}\ue001`)
  if (/\{\{|\{%/.test(marked) || tokens.some((token) => /\|\s*(raw|newline_to_br)\b|^\{%-?\s*(raw|liquid|capture|render)\b/.test(token))) return null
  const kept = new Set<number>()
  const text = plainTextOf(marked).replace(/\ue000(\d+)\ue001/g, (_mark, index: string) => {
    kept.add(Number(index))
    return tokens[Number(index)] ?? ''
  })
  return tokens.every((token, index) => kept.has(index) || token.startsWith('{{')) ? text : null
}
