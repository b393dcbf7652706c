import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNamedPrivate, type OutgoingPolicy, whyNotOutgoing, whyNotPublic } from '../../src/domain/public-address.ts'

const STRICT: OutgoingPolicy = { privateHosts: [], httpsOnly: true }

/** First and last address of each refused network, and what lies just outside of it on either side where that is public. */
const EDGES: readonly [inside: string[], outside: string[]][] = [
  [['0.0.0.0', '0.255.255.255'], ['1.0.0.0']],
  [
    ['10.0.0.0', '10.255.255.255'],
    ['9.255.255.255', '11.0.0.0'],
  ],
  [
    ['100.64.0.0', '100.100.100.200', '100.127.255.255'],
    ['100.63.255.255', '100.128.0.0'],
  ],
  [
    ['127.0.0.0', '127.0.0.1', '127.255.255.255'],
    ['126.255.255.255', '128.0.0.0'],
  ],
  [['168.63.129.16'], ['168.63.129.15', '168.63.129.17']],
  [
    ['169.254.0.0', '169.254.169.254', '169.254.255.255'],
    ['169.253.255.255', '169.255.0.0'],
  ],
  [
    ['172.16.0.0', '172.31.255.255'],
    ['172.15.255.255', '172.32.0.0'],
  ],
  [
    ['192.0.0.0', '192.0.0.192', '192.0.0.255', '192.0.2.0', '192.0.2.255'],
    ['192.0.1.0', '192.0.3.0'],
  ],
  [
    ['192.88.99.0', '192.88.99.255'],
    ['192.88.98.255', '192.88.100.0'],
  ],
  [
    ['192.168.0.0', '192.168.255.255'],
    ['192.167.255.255', '192.169.0.0'],
  ],
  [
    ['198.18.0.0', '198.19.255.255'],
    ['198.17.255.255', '198.20.0.0'],
  ],
  [
    ['198.51.100.0', '198.51.100.255', '203.0.113.0', '203.0.113.255'],
    ['198.51.99.255', '203.0.114.0'],
  ],
  [['224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.255'], ['223.255.255.255']],
  [['::', '::1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::8.8.8.8', '0:0:0:0:0:0:0:1'], ['2000::']],
  [
    ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1'],
    ['64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ],
  [['100::', '100::ffff:ffff:ffff:ffff', '1fff:ffff::', '4000::'], ['3ffe::']],
  [
    ['2001::', '2001:1ff:ffff::1', '2001:db8::', '2001:db8:ffff::1'],
    ['2001:200::', '2001:db7::', '2001:db9::'],
  ],
  [['2002::', '2002:7f00:1::', '2002:ffff::1'], ['2003::']],
  [['3fff::', '3fff:fff::'], ['3ffe:ffff::']],
  [
    ['5f00::1', 'fc00::', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1'],
    ['2a00:1450:4001::1', '2606:4700:4700::1111'],
  ],
]

describe('an address', () => {
  test.each(EDGES)('%j is not public, %j is', (inside, outside) => {
    expect(inside.map((each) => [each, whyNotPublic(each)]).filter(([, why]) => why === null)).toEqual([])
    expect(outside.map((each) => [each, whyNotPublic(each)]).filter(([, why]) => why !== null)).toEqual([])
  })

  test.each([
    '',
    'x',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    '1::2::3',
    '1:2:3',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    '::1.2.3',
  ])('%j is none, and so not public', (text) => expect(whyNotPublic(text)).toBe('no IP address'))

  test('counts the same whichever way an IPv6 address is written', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((each) => each.toString(16).padStart(4, '0')).join(':')
        const short = new URL(`http://[${long}]/`).hostname.slice(1, -1)
        expect(whyNotPublic(short)).toBe(whyNotPublic(long.toUpperCase()))
      }),
    )
  })
})

/** Every spelling of an IPv4 address that WHATWG URLs read as one. */
function spellings(address: string): string[] {
  const bytes = address.split('.').map(Number) as [number, number, number, number]
  const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  const tail = bytes[2] * 256 + bytes[3]
  const each = (to: (byte: number) => string) => bytes.map(to).join('.')
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'))
  return [
    address,
    `${address}.`,
    String(whole),
    `0x${whole.toString(16)}`,
    `0${whole.toString(8)}`,
    each((byte) => `0x${byte.toString(16)}`),
    each((byte) => `0${byte.toString(8)}`),
    `${bytes[0]}.${bytes[1]}.${tail}`,
    `${bytes[0]}.${bytes[1] * 65_536 + tail}`,
    each((byte) => String(byte).replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))),
    each((byte) => String(byte).replace(/\d/g, (digit) => `%3${digit}`)),
    `[::ffff:${address}]`,
    `[::${address}]`,
    `[::ffff:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}]`,
    `[64:ff9b::${address}]`,
    `[2002:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}::1]`,
  ]
}

describe('a URL', () => {
  const targets = EDGES.flatMap(([inside]) => inside).filter((each) => /^[\d.]+$/.test(each))
  const corpus = targets.flatMap((each) => spellings(each).map((host) => `https://${host}:8443/latest/meta-data?x=1`))

  test('of a private address is refused in each of its spellings', () => {
    expect(corpus.length).toBeGreaterThan(500)
    expect(corpus.filter((url) => whyNotOutgoing(url, STRICT) === null)).toEqual([])
  })

  test.each([
    ['https://example.com/a?b=c#d', null],
    ['https://8.8.8.8/', null],
    ['https://[2606:4700:4700::1111]/', null],
    ['http://example.com/', 'must begin with https://'],
    ['ftp://example.com/', 'must begin with https://'],
    ['file:///etc/passwd', 'must begin with https://'],
    ['example.com', 'is not a URL'],
    ['https://user:pass@example.com/', 'must not contain a name or password; send them in a header'],
    ['https://user@example.com/', 'must not contain a name or password; send them in a header'],
    ['https://localhost/', 'leads to no public address (a local name)'],
    ['https://LOCALHOST./', 'leads to no public address (a local name)'],
    ['https://printer.local/', 'leads to no public address (a local name)'],
    ['https://metadata.google.internal/', 'leads to no public address (a local name)'],
    ['https://127.0.0.1/', 'leads to no public address (loopback)'],
  ])('%s: %j', (url, why) => expect(whyNotOutgoing(url, STRICT)).toBe(why))

  test('may be http where https is not asked for, and nothing else is different', () => {
    const lax = { privateHosts: [], httpsOnly: false }
    expect(whyNotOutgoing('http://example.com/', lax)).toBeNull()
    expect(corpus.filter((url) => whyNotOutgoing(url.replace('https:', 'http:'), lax) === null)).toEqual([])
  })
})

describe('a host the operator names', () => {
  const policy = { privateHosts: ['127.0.0.1:8080', 'hooks.internal', '[::1]:80'], httpsOnly: true }

  test.each([
    ['http://127.0.0.1:8080/x', null],
    ['http://hooks.internal/x', null],
    ['http://hooks.internal:99/x', null],
    ['http://[::1]/x', null],
    ['http://127.0.0.1/x', 'must begin with https://'],
    ['https://127.0.0.1/x', 'leads to no public address (loopback)'],
    ['https://other.hooks.internal/', 'leads to no public address (a local name)'],
    ['https://[::1]/', 'leads to no public address (loopback)'],
    ['http://me@127.0.0.1:8080/', 'must not contain a name or password; send them in a header'],
  ])('%s: %j', (url, why) => expect(whyNotOutgoing(url, policy)).toBe(why))

  test('is told by host and port', () => {
    expect([
      isNamedPrivate(policy, '127.0.0.1', '8080'),
      isNamedPrivate(policy, '127.0.0.1', '80'),
      isNamedPrivate(policy, 'hooks.internal', '1'),
    ]).toEqual([true, false, true])
  })
})
