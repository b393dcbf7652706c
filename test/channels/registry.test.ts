import { describe, expect, it } from 'vitest'
import { ADAPTERS, adapterFor, isProvider, providerTemplates } from '../../src/channels/registry.ts'
import { CHANNELS, isOwnSurface } from '../../src/domain/channel.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { sandboxConnection } from './contract.ts'

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

it('asks the providers that have templates, and those alone', async () => {
  const sandbox = await startSandbox()
  const ask = (provider: 'meta' | 'twilio_whatsapp' | 'twilio') => providerTemplates(sandboxConnection(provider, sandbox.url))
  expect([(await ask('meta'))?.length, (await ask('twilio_whatsapp'))?.length, await ask('twilio')]).toEqual([10, 10, null])
  await sandbox.close()
})
