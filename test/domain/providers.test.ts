import { expect, test } from 'vitest'
import { ADAPTERS } from '../../src/channels/registry.ts'
import { isObject, type JsonObject } from '../../src/domain/json.ts'
import { describeProvider, PROVIDERS } from '../../src/domain/providers.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'

/** A schema's constraints on each field, without the words. */
function limits(schema: JsonObject): object {
  const properties = isObject(schema.properties) ? schema.properties : {}
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, { ...(each as JsonObject), title: null, description: null }]))
}

test('the table and the adapters name the same providers and ask the same of them', () => {
  expect(PROVIDERS.map(({ provider, channel }) => [provider, channel]).sort()).toEqual(
    Object.values(ADAPTERS)
      .map(({ provider, channel }) => [provider, channel])
      .sort(),
  )
  for (const { provider, credentials, settings } of PROVIDERS) {
    const adapter = ADAPTERS[provider as keyof typeof ADAPTERS]
    expect(limits(credentials.schema)).toEqual(limits(adapter.credentials.schema))
    expect(limits(settings.schema)).toEqual(limits(adapter.settings.schema))
  }
})

test('the sandbox’s accounts fit', () => {
  const faults: string[] = []
  for (const [provider, account] of Object.entries(sandboxCredentials())) {
    const described = describeProvider(provider)
    described?.credentials.parse(account.credentials, [provider, 'credentials'], (path, message) => faults.push(`${path.join('.')} ${message}`))
    described?.settings.parse(account.settings, [provider, 'settings'], (path, message) => faults.push(`${path.join('.')} ${message}`))
  }
  expect(faults).toEqual([])
})

const WRONG_SENDER = expect.stringMatching(/^settings\.from must match /) as string

test.each([
  [{ from: '+15005550006' }, []],
  [{ messagingServiceSid: `MG${'a'.repeat(32)}` }, []],
  [{}, ['settings needs a sender number or a messaging service']],
  [{ from: '89045' }, []],
  [{ from: 'THRULN' }, []],
  [{ from: 'My Shop 24' }, []],
  [{ from: '5005550006' }, [WRONG_SENDER]],
  [{ from: 'Twelve chars' }, [WRONG_SENDER]],
  [{ from: 'Müller' }, [WRONG_SENDER]],
  [{ from: ' Shop' }, [WRONG_SENDER]],
])('twilio settings %j', (settings, expected) => {
  const faults: string[] = []
  const parsed = describeProvider('twilio')?.settings.parse(settings, ['settings'], (path, message) => faults.push(`${path.join('.')} ${message}`))
  expect(faults).toEqual(expected)
  expect(parsed).toEqual(expected.length === 0 ? settings : undefined)
})

test('a provider nobody knows is not described', () => {
  expect(describeProvider('constructor')).toBeUndefined()
})
