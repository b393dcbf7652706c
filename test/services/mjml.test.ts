import { createRequire } from 'node:module'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mjmlToHtml } from '../../src/services/mjml.ts'

const mail = (text: string) => `<mjml><mj-body><mj-section><mj-column><mj-text>${text}</mj-text></mj-column></mj-section></mj-body></mjml>`
const engine = () => (createRequire(import.meta.url)('mrml') as { Engine: { prototype: { toHtml(text: string): object } } }).Engine.prototype
const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return null
}

describe('MJML', () => {
  afterEach(() => vi.restoreAllMocks())

  it('becomes a document of tables with the author’s words in it', () => {
    const html = mjmlToHtml(mail('Hello <b>Ada</b> &amp; co.&nbsp;<br>bye'))
    expect(html).toMatch(/^<!doctype html><html /)
    expect(html).toContain('>Hello <b>Ada</b> &amp; co.&nbsp;<br />bye</div>')
  })

  it('asks no font server that the author does not name', () => {
    expect(mjmlToHtml(mail('x'))).not.toContain('fonts.googleapis.com')
    const named = '<mjml><mj-head><mj-font name="Own" href="https://shop.example/own.css" /></mj-head><mj-body><mj-section><mj-column>'
    expect(mjmlToHtml(`${named}<mj-text font-family="Own">x</mj-text></mj-column></mj-section></mj-body></mjml>`)).toContain(
      'https://shop.example/own.css',
    )
  })

  it.each(['', 'Hello', '<html></html>', '<mjml><mj-body>', mail('<p>never closed'), mail('<mj-include path="/etc/passwd" />'), mail('<mj-txt/>')])(
    'is refused in words where it is none: %s',
    (text) => {
      expect(codeOf(() => mjmlToHtml(text))).toBe('TEMPLATE_INVALID')
    },
  )

  it('is refused before it can exhaust the renderer', () => {
    const nested = `<mjml><mj-body>${'<mj-section><mj-column>'.repeat(300)}${'</mj-column></mj-section>'.repeat(300)}</mj-body></mjml>`
    expect(() => mjmlToHtml(nested)).toThrow(/nested/)
    const heroes = `<mjml><mj-body>${'<mj-hero></mj-hero>'.repeat(3_900)}</mj-body></mjml>`
    expect(() => mjmlToHtml(heroes)).toThrow(/more than 4000000 characters/)
  })

  it('goes on after a trap, which spoils the engine it happened in', () => {
    expect(mjmlToHtml(mail('before'))).toContain('before')
    const trapped = engine()
    let calls = 0
    vi.spyOn(trapped, 'toHtml').mockImplementation(() => {
      calls += 1
      throw new RangeError('memory access out of bounds')
    })
    expect(() => mjmlToHtml(mail('during'))).toThrow('cannot be rendered')
    expect(engine()).not.toBe(trapped)
    expect(mjmlToHtml(mail('after'))).toContain('after')
    expect(calls).toBe(1)
  })
})
