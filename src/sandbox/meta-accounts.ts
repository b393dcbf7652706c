import { createHash, timingSafeEqual } from 'node:crypto'

export interface MetaAccount {
  credentials: { accessToken: string; appSecret: string; verifyToken: string }
  settings: { phoneNumberId: string; businessAccountId: string }
}

/** The WhatsApp number of a sandbox account: everything but its id is derived from that, so the stand-in keeps no list. */
export function metaAccount(name: string): MetaAccount {
  const phoneNumberId = digitsOf(`phone ${name}`)
  return {
    credentials: {
      accessToken: `EAA${phoneNumberId}Z${digest(`token ${phoneNumberId}`)}`,
      appSecret: appSecretOf(phoneNumberId),
      verifyToken: digest(`verify ${phoneNumberId}`).slice(0, 20),
    },
    settings: { phoneNumberId, businessAccountId: businessAccountOf(phoneNumberId) },
  }
}

/** Signs the webhooks of a number. */
export function appSecretOf(phoneNumberId: string): string {
  return digest(`secret ${phoneNumberId}`).slice(0, 32)
}

export function businessAccountOf(phoneNumberId: string): string {
  return digitsOf(`account ${phoneNumberId}`)
}

/** The number a Bearer token speaks for; null for a token that `metaAccount` did not give. */
export function numberOfToken(authorization: string | undefined): string | null {
  const token = /^Bearer (EAA(\d+)Z[0-9a-f]{64})$/.exec(authorization ?? '')
  if (token?.[1] === undefined || token[2] === undefined) return null
  const expected = `EAA${token[2]}Z${digest(`token ${token[2]}`)}`
  return timingSafeEqual(Buffer.from(digest(token[1])), Buffer.from(digest(expected))) ? token[2] : null
}

function digest(of: string): string {
  return createHash('sha256').update(`throughline sandbox meta ${of}`).digest('hex')
}

/** Fifteen of them, as Meta's ids have. */
function digitsOf(of: string): string {
  return String(1e14 + (Number.parseInt(digest(of).slice(0, 12), 16) % 9e14))
}
