import { lookup as resolveName } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { isNamedPrivate, type OutgoingPolicy, whyNotPublic } from '../domain/public-address.ts'
import { ThroughlineError } from '../errors.ts'

/** Every address of a name, in the order to try them. */
export type Resolve = (hostname: string) => Promise<readonly { address: string; family: number }[]>

const resolveAll: Resolve = (hostname) => resolveName(hostname, { all: true })

const refused = (what: string, why: string) => new ThroughlineError('ADDRESS_REFUSED', `${what} leads to no public address (${why}).`)

/**
 * Opens sockets for URLs that strangers or authors wrote: `openTransport({ connect: openGuard(policy) })`. A name is
 * resolved once, every address it has is judged, and the socket goes to one of those that were judged: between a
 * check and a connection of its own, a name server could change its answer (DNS rebinding). One bad address refuses the name,
 * since an honest one has no private address among public ones. It stands where sockets are made, so no spelling of
 * a URL and no kept socket gets round it; redirects are not followed by the transport at all.
 */
export function openGuard(policy: OutgoingPolicy, options: { timeout?: number; resolve?: Resolve } = {}): buildConnector.connector {
  const { timeout = 5_000, resolve = resolveAll } = options
  const connectorWith = (judge: (hostname: string, address: string) => void) => buildConnector({ timeout, lookup: judgedLookup(resolve, judge) })
  const named = connectorWith(() => {})
  const guarded = connectorWith((hostname, address) => {
    const why = whyNotPublic(address)
    if (why !== null) throw refused(hostname, why)
  })
  return (target, callback) => {
    const { protocol, port } = target
    const bare = target.hostname.replace(/^\[(.*)\]$/, '$1')
    if (isNamedPrivate(policy, isIP(bare) === 6 ? `[${bare}]` : bare, port || (protocol === 'https:' ? '443' : '80'))) return named(target, callback)
    // Node asks no lookup about a host that is an address already.
    const why = isIP(bare) === 0 ? null : whyNotPublic(bare)
    if (why !== null) return callback(refused(bare, why), null)
    if (protocol !== 'https:' && policy.httpsOnly) return callback(new ThroughlineError('ADDRESS_REFUSED', 'Only https is allowed.'), null)
    return guarded(target, callback)
  }
}

function judgedLookup(resolve: Resolve, judge: (hostname: string, address: string) => void): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname)
      .then((addresses) => {
        const [first] = addresses
        if (first === undefined) throw refused(hostname, 'it has none')
        for (const { address } of addresses) judge(hostname, address)
        // Later than this turn: a fault in what the callback does is no answer of the resolver's.
        setImmediate(() => (all ? callback(null, [...addresses]) : callback(null, first.address, first.family)))
      })
      .catch((error: NodeJS.ErrnoException) => callback(error, ''))
  }
}
