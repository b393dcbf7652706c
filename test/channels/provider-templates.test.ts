import { expect, it } from 'vitest'
import { providerTemplates } from '../../src/channels/provider-templates.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { sandboxConnection } from './contract.ts'

it('asks the providers that have templates, and those alone', async () => {
  const sandbox = await startSandbox()
  const ask = (provider: 'meta' | 'twilio_whatsapp' | 'twilio') => providerTemplates(sandboxConnection(provider, sandbox.url))
  expect([(await ask('meta'))?.length, (await ask('twilio_whatsapp'))?.length, await ask('twilio')]).toEqual([7, 7, null])
  await sandbox.close()
})
