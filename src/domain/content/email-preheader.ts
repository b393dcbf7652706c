import type { RenderedEmail } from './email.ts'

/**
 * A mail's HTML with its preheader hidden at the beginning of the body. It was rendered with HTML escaping. The blanks
 * after it keep clients from adding the body's first words.
 */
export function withPreheader({ html, preheader }: Pick<RenderedEmail, 'html' | 'preheader'>): string {
  if (!preheader) return html
  const hidden = `<div style="display:none;max-height:0;overflow:hidden">${preheader}${'&#8199;&#65279;&#847; '.repeat(40)}</div>`
  // One look for each: an expression for the whole tag takes the square of what a hostile template has of its beginnings.
  const begins = html.search(/<body[\s>/]/i)
  const ends = begins < 0 ? -1 : html.indexOf('>', begins)
  return ends < 0 ? hidden + html : html.slice(0, ends + 1) + hidden + html.slice(ends + 1)
}
