import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTwilio, type TwilioClient } from '../../src/channels/twilio-client.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

const { credentials, settings } = sandboxCredentials().twilio

let sandbox: Sandbox
let client: TwilioClient
beforeAll(async () => {
  sandbox = await startSandbox({ callbacks: { attempts: 1 } })
  client = openTwilio(credentials, `${sandbox.url}/`, {})
})
afterAll(async () => {
  await client.close()
  await sandbox.close()
})

const send = (to: string, body: string) => client.create({ to, body, from: settings.from })

describe('looking a lost message up', () => {
  it('finds the one created then, and none that a fault kept out', async () => {
    sandbox.fault({ kind: 'reset-after', provider: 'twilio', times: 1 })
    expect((await send('+15551110004', 'a')).type).toBe('ambiguous')
    const providerMessageId = sandbox.log.entries().at(-1)?.providerMessageId
    expect(await client.lookUp('+15551110004', Date.now())).toEqual({ type: 'ok', providerMessageId })
    sandbox.fault({ kind: 'reset-before', provider: 'twilio', times: 1 })
    expect((await send('+15552220004', 'a')).type).toBe('ambiguous')
    expect(await client.lookUp('+15552220004', Date.now())).toBeNull()
  })

  it('tells nothing where it cannot be told which', async () => {
    await send('+15553330004', 'a')
    expect(await client.lookUp('+15553330004', Date.now() - 3_600_000)).toBeNull()
    await send('+15553330004', 'b')
    expect(await client.lookUp('+15553330004', Date.now())).toBeNull()
  })

  it('tells nothing while Twilio does not answer', async () => {
    const away = openTwilio(credentials, 'http://127.0.0.1:9', {})
    expect(await away.lookUp('+15551110004', Date.now())).toBeNull()
    await away.close()
  })
})

it('knows a number for bad that Twilio accepted and failed in one answer', async () => {
  sandbox.fault({ kind: 'status', provider: 'twilio', times: 1, status: 201, body: { sid: 'SM1', error_code: 30006 } })
  expect(await send('+15551110004', 'a')).toMatchObject({ type: 'permanent', code: '30006', identity: 'INVALID' })
})
