import { describe, expect, it } from 'vitest'
import { PERSONAS, personaOf, reactions } from '../../src/sandbox/personas.ts'

describe('personas', () => {
  it('are named by the address, or by how a phone number ends', () => {
    expect(PERSONAS.map((persona) => personaOf(`${persona}.7@shop.example`, 's'))).toEqual([...PERSONAS])
    expect(['+15551230001', '+15551230002', '+15551230003', '+15551230004'].map((number) => personaOf(number, 's'))).toEqual([
      'bouncer',
      'stopper',
      'replier',
      'ignorer',
    ])
  })

  it('are drawn from the mix by the address and the seed, and by nothing else', () => {
    const draw = (seed: string, mix?: object) => Array.from({ length: 2_000 }, (_, index) => personaOf(`x${index}@shop.example`, seed, mix))
    expect(draw('s')).toEqual(draw('s'))
    expect(draw('s')).not.toEqual(draw('t'))
    expect(new Set(draw('s', { opener: 1 }))).toEqual(new Set(['opener']))
    const openers = draw('s', { opener: 1, ignorer: 3 }).filter((persona) => persona === 'opener').length
    expect(openers).toBe(draw('s', { opener: 2, ignorer: 6 }).filter((persona) => persona === 'opener').length)
    expect(openers / 2_000).toBeCloseTo(0.25, 1)
    expect(personaOf('x', 's', {})).toBe('ignorer')
  })

  it('do on each channel only what that channel can tell', () => {
    const all = (channel: 'email' | 'sms') => new Set(PERSONAS.flatMap((persona) => reactions(channel, persona)))
    expect([...all('sms')].sort()).toEqual(['delivered', 'reply-stop', 'reply-yes', 'sent', 'undelivered'])
    expect(all('email')).not.toContain('reply-stop')
  })
})
