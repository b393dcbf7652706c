import { describe, expect, it } from 'vitest'
import { openTokens } from '../../src/channels/fcm-token.ts'
import { type Exchange, ExchangeError, type HttpRequest, type Transport } from '../../src/channels/http.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'

const account = sandboxCredentials().fcm.credentials
const granted = (token: string, seconds = 3_600): Exchange => ({
  type: 'answer',
  status: 200,
  headers: {},
  body: JSON.stringify({ access_token: token, expires_in: seconds }),
})

function scripted(...answers: Exchange[]): { transport: Transport; requests: HttpRequest[] } {
  const requests: HttpRequest[] = []
  const exchange = async (request: HttpRequest) => {
    requests.push(request)
    return answers.shift() ?? granted('none')
  }
  return { requests, transport: { exchange, close: async () => {} } }
}

async function fault(answer: Exchange, privateKey = account.privateKey): Promise<unknown> {
  const { transport } = scripted(answer)
  return openTokens(transport, { ...account, privateKey }, 'https://token.example/token')
    .get()
    .catch((error: unknown) => (error instanceof ExchangeError ? error.exchange : error))
}

describe('access tokens', () => {
  it('are asked for once by many, kept while they last, and anew when refused', async () => {
    const { transport, requests } = scripted(granted('one'), granted('two'))
    const tokens = openTokens(transport, account, 'https://token.example/token')
    expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(['one', 'one', 'one'])
    expect(await tokens.get()).toBe('one')
    tokens.forget()
    expect(await tokens.get()).toBe('two')
    expect(requests).toHaveLength(2)
  })

  it('are renewed five minutes before they end', async () => {
    const { transport, requests } = scripted(granted('short', 299), granted('long', 301), granted('never'))
    const tokens = openTokens(transport, account, 'https://token.example/token')
    expect([await tokens.get(), await tokens.get(), await tokens.get()]).toEqual(['short', 'long', 'long'])
    expect(requests).toHaveLength(2)
  })

  it('are asked for by a signed grant for messaging alone', async () => {
    const { transport, requests } = scripted(granted('one'))
    await openTokens(transport, { ...account, privateKey: account.privateKey.replaceAll('\n', '\\n') }, 'https://token.example/token').get()
    const assertion = new URLSearchParams(String(requests[0]?.body)).get('assertion') ?? ''
    const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<string, number>
    expect(claims).toMatchObject({
      iss: account.clientEmail,
      scope: 'https://www.googleapis.com/auth/firebase.messaging',
      aud: 'https://token.example/token',
    })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3_600)
  })

  it('that are not to be had mean that nothing was sent', async () => {
    const answer = (status: number, body = '{}'): Exchange => ({ type: 'answer', status, headers: {}, body })
    expect(await fault({ type: 'unanswered', code: 'ECONNRESET', message: 'x' })).toMatchObject({ type: 'unsent', code: 'ECONNRESET' })
    expect(await fault(answer(503))).toMatchObject({ type: 'unsent', code: 'TOKEN_HTTP_503' })
    expect(await fault(answer(200, 'no json'))).toMatchObject({ type: 'unsent', code: 'TOKEN_UNREADABLE' })
    expect(await fault(answer(200, '{"access_token":1}'))).toMatchObject({ type: 'unsent', code: 'TOKEN_UNREADABLE' })
    // A withdrawn or garbled key is an authentication failure, which waits for its successor.
    expect(await fault(answer(400, '{"error":"invalid_grant"}'))).toMatchObject({ type: 'answer', status: 401 })
    expect(await fault(granted('x'), 'no key')).toMatchObject({ type: 'answer', status: 401 })
  })
})
