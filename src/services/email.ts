import type { EmailContent, RenderedEmail } from '../domain/content/email.ts'
import { blockLinks, blocksToMjml } from '../domain/content/email-blocks.ts'
import type { JsonObject } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { mjmlToHtml } from './mjml.ts'
import { plainTextOf } from './plain-text.ts'

/** SendGrid takes 30 MB with attachments; nobody's mail is a tenth of this. */
const LARGEST = 5_000_000
const LONGEST_SUBJECT = 998

const LINK = /^(https?:\/\/|mailto:|tel:)/i
const NO_LINK = 'is no http, https, mailto or tel address'

/** A mail as it goes out, of a content whose Liquid is done: HTML, and plain text for those who read that. TEMPLATE_INVALID where none can be made. */
export function composeEmail(content: JsonObject): JsonObject {
  const { html: _html, mjml: _mjml, blocks, theme: _theme, text, preheader, replyTo, subject, ...rest } = content as unknown as EmailContent
  const bad = blockLinks(blocks ?? []).find(({ url }) => !LINK.test(url.trim()))
  if (bad !== undefined) throw new ThroughlineError('TEMPLATE_INVALID', `${bad.path.join('.')} ${NO_LINK}`)
  const { html, markup } = bodyOf(content)
  const plain = text?.trim() ? text : plainTextOf(markup)
  return {
    ...rest,
    // A line break that came with the data would begin another header; half a pair of surrogates is no text.
    subject: subject
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, LONGEST_SUBJECT)
      .replace(/[\ud800-\udbff]$/, ''),
    html,
    ...(plain === '' ? {} : { text: plain }),
    ...(preheader?.trim() ? { preheader } : {}),
    ...(replyTo?.trim() ? { replyTo: replyTo.trim() } : {}),
  } satisfies Omit<RenderedEmail, 'attachments'> as unknown as JsonObject
}

/** The body as HTML, and what its author wrote it in. */
function bodyOf(content: JsonObject): { html: string; markup: string } {
  const { html: given = '', mjml: source, blocks, theme } = content as unknown as EmailContent
  const mjml = blocks === undefined ? source : blocksToMjml(blocks, theme)
  const html = mjml === undefined ? given : mjmlToHtml(mjml)
  if (html.length > LARGEST) throw new ThroughlineError('TEMPLATE_INVALID', `The body is longer than ${LARGEST} characters.`)
  return { html, markup: mjml ?? html }
}

/**
 * What is wrong with a mail whatever the data: an address without Liquid that leads nowhere, markup that is none.
 * `bare` is the content rendered without any data, so that what data alone can put right is not held against it.
 */
export function whyNoEmail(content: JsonObject, bare: JsonObject): { path: readonly string[]; message: string } | null {
  const { blocks = [] } = content as unknown as EmailContent
  const bad = blockLinks(blocks).find(({ url }) => !/\{[{%]/.test(url) && !LINK.test(url.trim()))
  if (bad !== undefined) return { path: bad.path, message: NO_LINK }
  try {
    // Every block, as if its condition held.
    bodyOf(JSON.parse(JSON.stringify(bare), (key, value: unknown) => (key === 'when' ? undefined : value)) as JsonObject)
    return null
  } catch (error) {
    return { path: [['html', 'mjml', 'blocks'].find((body) => Object.hasOwn(content, body)) ?? 'html'], message: (error as Error).message }
  }
}
