import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CallbackRequest, ChannelAdapter, Connection } from '../../src/channels/channel.ts'

export interface CallbackSubject {
  adapter: ChannelAdapter
  connection: Connection
  /** The same provider's account of somebody else. */
  stranger: Connection
  /** Genuine requests, as the provider made them. */
  genuine: () => readonly CallbackRequest[]
  /** What of a request is signed, decoded: two requests alike in it are one to the provider's own scheme. */
  signed: (request: CallbackRequest) => string
  signatureHeaders: readonly string[]
}

/** What every adapter with callbacks owes to forged, spoilt and senseless ones. */
export function refusesForgeries({ adapter, connection, stranger, genuine, signed, signatureHeaders }: CallbackSubject): void {
  const verify = (request: CallbackRequest, as = connection) => adapter.callbacks?.verify(request, as)
  const pick = fc.nat().map((index) => genuine()[index % genuine().length] as CallbackRequest)

  it('takes what the provider signed', () => {
    expect(genuine().length).toBeGreaterThan(2)
    expect(genuine().map((request) => verify(request))).toEqual(genuine().map(() => true))
  })

  it("refuses another account's", () => {
    expect(genuine().map((request) => verify(request, stranger))).toEqual(genuine().map(() => false))
  })

  it('refuses any flipped bit: 3,000 of them', () => {
    fc.assert(
      fc.property(pick, fc.nat(), fc.constantFrom('body', 'url', ...signatureHeaders), (request, bit, where) => {
        const bytes = Buffer.from(where === 'body' ? request.body : where === 'url' ? request.url : (request.headers[where] ?? ''))
        const at = bit % (bytes.length * 8)
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
        const forged: CallbackRequest =
          where === 'body'
            ? { ...request, body: bytes }
            : where === 'url'
              ? { ...request, url: bytes.toString('latin1') }
              : { ...request, headers: { ...request.headers, [where]: bytes.toString('latin1') } }
        expect(verify(forged)).toBe(signed(forged) === signed(request))
      }),
      { numRuns: 3_000, seed: 11 },
    )
  })

  it('refuses what was cut off, added to, or came unsigned', () => {
    fc.assert(
      fc.property(pick, fc.nat(), (request, cut) => {
        expect(verify({ ...request, body: request.body.subarray(0, cut % request.body.length) })).toBe(false)
        expect(verify({ ...request, body: Buffer.concat([request.body, Buffer.from('x')]) })).toBe(false)
        for (const header of signatureHeaders) {
          expect(verify({ ...request, headers: { ...request.headers, [header]: undefined } })).toBe(false)
          expect(verify({ ...request, headers: { ...request.headers, [header]: '' } })).toBe(false)
          expect(verify({ ...request, headers: { ...request.headers, [header]: request.headers[header]?.slice(0, cut % 8) } })).toBe(false)
        }
      }),
      { numRuns: 300, seed: 12 },
    )
  })

  it('neither takes nor throws at garbage', () => {
    const name = fc.constantFrom(...signatureHeaders, 'content-type')
    const garbage = fc.record({
      headers: fc.dictionary(name, fc.oneof(fc.string(), fc.base64String(), fc.integer().map(String))),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(text)),
        fc.webQueryParameters().map((text) => Buffer.from(text)),
      ),
      url: fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string()),
    })
    fc.assert(
      fc.property(garbage, (request) => {
        expect(verify(request)).toBe(false)
        expect(Array.isArray(adapter.callbacks?.parse(request, connection))).toBe(true)
      }),
      { numRuns: 2_000, seed: 13 },
    )
  })
}
