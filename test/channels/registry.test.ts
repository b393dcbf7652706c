import { describe, expect, it } from 'vitest'
import { ADAPTERS, adapterFor, isProvider } from '../../src/channels/registry.ts'
import { CHANNELS, isOwnSurface } from '../../src/domain/channel.ts'

describe('the registry', () => {
  it('names each adapter as the adapter names itself, and has one for every channel but the app’s own surface', () => {
    expect(Object.entries(ADAPTERS).map(([name, { provider }]) => [name, provider])).toEqual(Object.keys(ADAPTERS).map((name) => [name, name]))
    expect([...new Set(Object.values(ADAPTERS).map(({ channel }) => channel))].sort()).toEqual(
      CHANNELS.filter((channel) => !isOwnSurface(channel)).sort(),
    )
    expect(adapterFor('twilio')).toBe(ADAPTERS.twilio)
  })

  it('refuses a name that is none, an inherited one too', () => {
    expect(isProvider('constructor')).toBe(false)
    expect(() => adapterFor('constructor')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', path: ['provider'] }))
  })
})
