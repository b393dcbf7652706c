/** What an HTTP client shows of itself when it fetches a pixel or follows a link. Header values as sent. */
export interface Visitor {
  method: string
  userAgent: string
  /** `Purpose`, `Sec-Purpose` or `X-Moz`. */
  purpose: string
}

/**
 * Link scanners, prefetchers, privacy proxies and what draws the card under a link in a chat: they fetch what nobody
 * looked at. Gmail's and Yahoo's image proxies are absent on purpose: they fetch when a person opens the mail. A Cubot
 * is a telephone.
 */
const MACHINES =
  /(?<!\bcu)bot\b|crawler|spider|scanner|barracuda|proofpoint|mimecast|safelinks|symantec|trendmicro|fireeye|forcepoint|sophos|cloudmark|googleother|facebookexternalhit|whatsapp\/|skypeuripreview|headless|python-|curl\/|wget\/|go-http-client|java\/|okhttp|axios|node-fetch|undici|libwww|microsoft office existence/i

/** Apple's Mail Privacy Protection fetches with this and nothing more. */
const BARE = /^mozilla\/5\.0$/i

/** Whether it was not a person. Opens and clicks by machines are kept and never branch a journey. */
export function isMachine({ method, userAgent, purpose }: Visitor): boolean {
  return (
    method === 'HEAD' ||
    /prefetch|preview|prerender/i.test(purpose) ||
    userAgent.trim() === '' ||
    BARE.test(userAgent.trim()) ||
    MACHINES.test(userAgent)
  )
}
