import type { RenderedEmail } from './email.ts'

/**
 * A mail's HTML with its preheader hidden at the beginning of the body. It was rendered with HTML escaping. The blanks
 * after it keep clients from adding the body's first words.
 */
export function withPreheader({ html, preheader }: Pick<RenderedEmail, 'html' | 'preheader'>): string {
  if (!preheader) return html
  const hidden = `<div style="display:none;max-height:0;overflow:hidden">${preheader}${'&#8199;&#65279;&#847; '.repeat(40)}</div>`
  const body = /<body[^>]*>/i.exec(html)
  return body ? html.slice(0, body.index + body[0].length) + hidden + html.slice(body.index + body[0].length) : hidden + html
}
