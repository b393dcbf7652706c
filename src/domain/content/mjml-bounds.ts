/**
 * What keeps a MJML document from being rendered. The renderer recurses once per nesting level and traps at some 250
 * levels of section and column, copies attributes into every element that inherits them, and draws a carousel at the
 * square of its images: without these bounds a template of 100 kB could ask for gigabytes (measured: 260 kB of carousel
 * take 16 s and trap). Within them no document found took more than 0.2 s.
 */
const LARGEST = 262_144
const MOST_ELEMENTS = 4_000
const DEEPEST = 100
const MOST_CAROUSEL_IMAGES = 30
/** Elements times the characters each may inherit. */
const MOST_INHERITED = 4_000_000

/** Every element of MJML 4 (https://documentation.mjml.io/#components) that the renderer draws; it passes others over in silence. */
const KNOWN: ReadonlySet<string> = new Set(
  `mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-preview mj-style mj-title mj-raw mj-section mj-wrapper mj-group
  mj-column mj-text mj-button mj-image mj-divider mj-spacer mj-table mj-hero mj-navbar mj-navbar-link mj-social mj-social-element mj-accordion
  mj-accordion-element mj-accordion-title mj-accordion-text mj-carousel mj-carousel-image`.split(/\s+/),
)

/** HTML elements that are never closed (https://html.spec.whatwg.org/multipage/syntax.html#void-elements). */
const VOID: ReadonlySet<string> = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))

/** What a look over markup finds. It is a tokenizer, not a parser: every closing tag takes back one level, whatever it closes. */
export interface MarkupMeasure {
  elements: number
  /** Levels of open elements. */
  depth: number
  /** Characters of the longest tag. */
  longestTag: number
  names: ReadonlyMap<string, number>
}

/** Linear in the text's length, whatever is in it. */
export function measureMarkup(text: string): MarkupMeasure {
  const names = new Map<string, number>()
  let [elements, open, depth, longestTag] = [0, 0, 0, 0]
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at + 4)
      if (end < 0) break
      at = end + 3
      continue
    }
    const closing = text[at + 1] === '/'
    const name = nameAt(text, closing ? at + 2 : at + 1)
    if (name === '') {
      at += 1
      continue
    }
    const end = tagEnd(text, at)
    if (closing) open = Math.max(0, open - 1)
    else {
      elements += 1
      names.set(name, (names.get(name) ?? 0) + 1)
      longestTag = Math.max(longestTag, end - at)
      if (text[end - 1] !== '/' && !VOID.has(name)) depth = Math.max(depth, ++open)
    }
    at = end
  }
  return { elements, depth, longestTag, names }
}

function nameAt(text: string, from: number): string {
  let to = from
  while (to - from < 40 && /[a-zA-Z0-9-]/.test(text[to] ?? '')) to += 1
  const name = text.slice(from, to).toLowerCase()
  return /^[a-z]/.test(name) ? name : ''
}

/** Where the tag that begins at `from` ends: the place of its `>`, those in quotes left out, or the text's end. */
function tagEnd(text: string, from: number): number {
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at
  }
  return text.length
}

/** Why the document is not rendered, in words; null where it may be. */
export function whyNotMjml(text: string): string | null {
  if (text.length > LARGEST) return `is longer than ${LARGEST} characters when rendered`
  const { elements, depth, longestTag, names } = measureMarkup(text)
  if (elements > MOST_ELEMENTS) return `has more than ${MOST_ELEMENTS} elements`
  if (depth > DEEPEST) return `is nested more than ${DEEPEST} levels deep`
  const attributes = Math.max(0, text.lastIndexOf('</mj-attributes') - text.indexOf('<mj-attributes'))
  if (elements * longestTag > MOST_INHERITED || elements * attributes > MOST_INHERITED) return 'has too many elements for attributes of this length'
  if ((names.get('mj-carousel-image') ?? 0) > MOST_CAROUSEL_IMAGES) return `has more than ${MOST_CAROUSEL_IMAGES} carousel images`
  if (names.has('mj-include')) return 'must not include files'
  const unknown = [...names.keys()].find((name) => name.startsWith('mj') && !KNOWN.has(name))
  return unknown === undefined ? null : `has an element that MJML does not know: ${unknown}`
}
