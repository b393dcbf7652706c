/** Where requests to addresses that strangers or authors wrote may go. */
export interface OutgoingPolicy {
  /** `host` or `host:port` as a URL has them: reached although private, and without TLS. The operator's word, never a workspace's. */
  privateHosts: readonly string[]
  /** Refuses http. */
  httpsOnly: boolean
}

/**
 * Addresses no request of a workspace's may reach, after the IANA registries of special-purpose addresses
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry), and what clouds put
 * their metadata services under. IPv6 outside 2000::/3 needs no row: it is not global unicast.
 */
const REFUSED: readonly (readonly [range: string, name: string])[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared by a carrier, or cloud metadata'],
  ['127.0.0.0/8', 'loopback'],
  ['168.63.129.16/32', 'cloud metadata'],
  ['169.254.0.0/16', 'link-local, or cloud metadata'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'AS112'],
  ['192.52.193.0/24', 'multicast tunnelling'],
  ['192.88.99.0/24', '6to4 relay'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'AS112'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved, or broadcast'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::ffff:0:0/96', 'IPv4-mapped'],
  ['64:ff9b:1::/48', 'local translation'],
  ['100::/64', 'discarded'],
  ['2001::/23', 'protocol assignments and tunnels'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['2620:4f:8000::/48', 'AS112'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'segment routing'],
  ['fc00::/7', 'unique local, or cloud metadata'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
]

/** The bytes of a dotted quad in decimal, as resolvers and URLs write it; null for anything else. */
function ipv4Bytes(text: string): number[] | null {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return null
  const bytes = text.split('.').map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : null
}

/** The sixteen bytes of an IPv6 address (RFC 4291 §2.2), its zone left out; null for anything else. */
function ipv6Bytes(text: string): number[] | null {
  const [address = ''] = text.split('%')
  const halves = address.split('::')
  if (halves.length > 2) return null
  const [head = [], tail = []] = halves.map(groupBytes)
  if (head === null || tail === null) return null
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function groupBytes(text: string): number[] | null {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    const quad = index === groups.length - 1 ? ipv4Bytes(group) : null
    if (quad !== null) bytes.push(...quad)
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff)
    else return null
  }
  return bytes
}

const bytesOf = (text: string): number[] | null => ipv4Bytes(text) ?? (text.includes(':') ? ipv6Bytes(text) : null)

function within(bytes: readonly number[], range: readonly number[], bits: number): boolean {
  if (bytes.length !== range.length) return false
  for (let n = 0; n * 8 < bits; n++) {
    const mask = (0xff << Math.max(0, 8 - (bits - n * 8))) & 0xff
    if (((bytes[n] ?? 0) & mask) !== ((range[n] ?? 0) & mask)) return false
  }
  return true
}

const parsed = (range: string) => {
  const [address = '', bits] = range.split('/')
  return { bytes: bytesOf(address) ?? [], bits: Number(bits) }
}
const RANGES = REFUSED.map(([range, name]) => ({ ...parsed(range), name }))
const GLOBAL_UNICAST = parsed('2000::/3')
/** A network without IPv4 reaches it under these (RFC 6052 §2.1): what counts is the address in the last four bytes. */
const TRANSLATED = parsed('64:ff9b::/96')

/** What keeps an IP address from being a public one, in a few words; null where it is public. */
export function whyNotPublic(address: string): string | null {
  const bytes = bytesOf(address)
  if (bytes === null) return 'no IP address'
  if (within(bytes, TRANSLATED.bytes, TRANSLATED.bits)) return whyNotPublic(bytes.slice(12).join('.'))
  const refused = RANGES.find((range) => within(bytes, range.bytes, range.bits))
  if (refused !== undefined) return refused.name
  return bytes.length === 4 || within(bytes, GLOBAL_UNICAST.bytes, GLOBAL_UNICAST.bits) ? null : 'not global unicast'
}

/** Whether the operator lets requests reach this host whatever its address. The port is the one connected to, the scheme's own where a URL names none. */
export function isNamedPrivate({ privateHosts }: OutgoingPolicy, host: string, port: string): boolean {
  return privateHosts.includes(host) || privateHosts.includes(`${host}:${port}`)
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }
const LOCAL_NAME = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/

/**
 * Why a URL is refused before any name is resolved; null where only its addresses can tell. What it lets pass is judged
 * again when it is connected to, since a name may lead anywhere and somewhere else tomorrow.
 */
export function whyNotOutgoing(text: string, policy: OutgoingPolicy): string | null {
  if (!URL.canParse(text)) return 'is not a URL'
  const { protocol, hostname, port, username, password } = new URL(text)
  const usual = DEFAULT_PORTS[protocol]
  if (usual === undefined) return 'must begin with https://'
  if (username !== '' || password !== '') return 'must not contain a name or password; send them in a header'
  if (isNamedPrivate(policy, hostname, port || usual)) return null
  if (protocol === 'http:' && policy.httpsOnly) return 'must begin with https://'
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const why = bytesOf(literal) === null ? (LOCAL_NAME.test(literal) ? 'a local name' : null) : whyNotPublic(literal)
  return why === null ? null : `leads to no public address (${why})`
}
