import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type MetaAccount, metaAccount } from './meta-accounts.ts'
import { type SmtpAccount, smtpAccount } from './smtp-accounts.ts'
import { type WebPushAccount, webPushAccount } from './web-push-accounts.ts'

export const SANDBOX_PROVIDERS = ['sendgrid', 'twilio', 'fcm', 'meta', 'webpush', 'twilio_whatsapp', 'smtp', 'twilio_rcs'] as const
export type SandboxProvider = (typeof SANDBOX_PROVIDERS)[number]

/**
 * The service account key of every sandbox project (PKCS #8, base64). It is public and protects nothing: it stands
 * here because an RSA key, unlike the other secrets, cannot be derived from a name, and because what was saved on the
 * first start must still be right on the second.
 */
const SERVICE_ACCOUNT_KEY = [
  'MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCO0GSFVZz0vBYhZENOM3aRDoYOfn0XBgacQ2l/HQkhxHQueiHUlC3tfKjZSqw0rvwPyGzwr26i/kuJK5SRNDyIZ9dn',
  '4mGnhaoAyceVdumn84OywScY0zz08VH6a34CRlGgWEf2vDurwEnsKUSHyvRfTYg+RzScPe2Xj4ZZ3qQRYeeCesZvdHMUi2OGRJo+dJl1Zp1YQXl/YovzraaJbE3ZjqzB4ZMT9gEivkDh',
  'Wntea51hbdGv0/WQgDYjYqdH6Ft+iWoJye2MIE7Av91tpqTQrudq3Klhg52zSdLCbiHb/xoZckcOKmpRxjt8Clljg5J2xfqpWe+QIr7AAuc0AWa1AgMBAAECggEAAa8AcF31z4cw6TKp',
  '/g/Q2jbsng3s4mRmZMABGPsgcqIPqJI1OEqJT0WeWMMIZeD/0bcDXPcEe+FsxiPNLytv4NljvbLHUFbc2s0fw2nqdg0Cqw0B4Mk+Uuwa+YCVtLTCUGMAcWH/GUnXO6exsIdULpQ9NfBX',
  'wdVgQ3gkSLm9Zc/YJt2VTagjq2wuP4R0ijxNU8hJseKUflG8+iCUFaiEhh2RmF/a4doVbaZGwk7mm8asfMl1Dxt25tqEpbYnjmTIRuqFlvfKPa36D+QiFtlT0IXMEGOOVdaHSX5ZHzKK',
  'jxGg/w5EYKl+aK+L944ZRZYOnQBlgBPlMTdLALZRHHxrBQKBgQDBMAnvGE8nZVPjfSFIdTosa6nmkxaYLFdDoZdIP2UFwFPlM7mqFpXCNvj8wxtE6iMv7W0mJHbNR6kuu6FqC+QJrlNk',
  'lAsWJiSn64hf6UnGvLx3snY+chcckHkfdQrQhKhFbUFK7f45lzCrOf91K7uwswXyrmAvSSpYhVw7Zl42twKBgQC9P4JYwIAcDJL+xvduDZrLYM+CSyPc2fVypTRRfKhjp+CuqB3zbMlj',
  'qBMQXdiWpwStx+seAQSeNJ7/YHbtqWHeeKtIoLHqdgOwjVDP1Ho0NkVYIgcDsGFUZYmFhyd9myMeZx4FS1tZ0qejPmA87Ml4+Qca17i3oBMqhLN0EclB8wKBgE/5DQO3cn0Ci1mvISoX',
  'rT9aSnkzBrV0FaPfrvqvk6hv18sYQJHSy6gcjbJFKnK64loi1X5mte+A7N51ufpmdb40Nj16s6Q1ohMJg+kAcBQfaX27mQt8u2iNvjZxg0qSv/4NnmvgXc+FcRZQ6hmdQxOA6MNvwE2S',
  '4j7G5kmItRO9AoGATbTsMsEoWVwYZ6EPLBNOAkCINDniSeb9T8viBauoAPOH4G+LjM6YiuESot/F9WYzF6BFPJaybLuypa3YZ5Hra8wkmLfTFjDLJw1/pzbZzuKR6rReKPedn2fp5fgv',
  'EPZIn008GHRu2B0VVIRiQ+H+gDvQ3QbDBDMoa4b9oKVE/F0CgYAgcSXnkvIgMcF1FwIlqGTNJD/3AiZfbBFtEHHHxpfau3u3BuBlaHFczQbtbGtThmcnFWXgdn7fvRUEXRE2SoLRzpLV',
  'gh4nzDXCqnxNFEv/hH5I2HJfv4/vlOOnWMoxa2desf2MehSudnckjo89HG7cSp00+lmLcvCSh4DxdYxVLA==',
].join('')

/** The verifying half of the service account's key. */
export const SERVICE_ACCOUNT_PUBLIC_KEY: KeyObject = createPublicKey(
  createPrivateKey({ key: Buffer.from(SERVICE_ACCOUNT_KEY, 'base64'), format: 'der', type: 'pkcs8' }),
)

export interface SandboxAccounts {
  sendgrid: { credentials: { apiKey: string; webhookPublicKey: string }; settings: { fromEmail: string; fromName: string } }
  twilio: { credentials: { accountSid: string; authToken: string }; settings: { from: string } }
  fcm: { credentials: { projectId: string; clientEmail: string; privateKey: string }; settings: Record<string, never> }
  meta: MetaAccount
  twilio_whatsapp: SandboxAccounts['twilio']
  twilio_rcs: SandboxAccounts['twilio']
  webpush: WebPushAccount
  smtp: SmtpAccount
}

/**
 * Ready-made accounts at the stand-ins, as many as there are names ([a-z0-9-], up to 30). Secrets are derived
 * from the name, so the sandbox checks them without keeping a list, in whatever process and after any restart.
 */
export function sandboxCredentials(name = 'demo'): SandboxAccounts {
  const apiKey = apiKeyOf(digest('sendgrid key', name, 'base64url').slice(0, 22))
  const pem = createPrivateKey({ key: Buffer.from(SERVICE_ACCOUNT_KEY, 'base64'), format: 'der', type: 'pkcs8' }).export({
    type: 'pkcs8',
    format: 'pem',
  })
  return {
    sendgrid: {
      credentials: { apiKey, webhookPublicKey: createPublicKey(webhookKeyOf(apiKey)).export({ type: 'spki', format: 'der' }).toString('base64') },
      settings: { fromEmail: `hello@${name}.example`, fromName: 'Throughline' },
    },
    twilio: twilioAccount(`AC${digest('twilio account', name, 'hex').slice(0, 32)}`),
    fcm: {
      credentials: { projectId: `sandbox-${name}`, clientEmail: `throughline@sandbox-${name}.iam.gserviceaccount.com`, privateKey: String(pem) },
      settings: {},
    },
    meta: metaAccount(name),
    twilio_whatsapp: twilioAccount(`AC${digest('twilio whatsapp account', name, 'hex').slice(0, 32)}`),
    twilio_rcs: { ...twilioAccount(`AC${digest('twilio rcs account', name, 'hex').slice(0, 32)}`), settings: { from: 'shop_agent' } },
    webpush: webPushAccount(name),
    smtp: smtpAccount(name),
  }
}

function twilioAccount(accountSid: string): SandboxAccounts['twilio'] {
  return { credentials: { accountSid, authToken: authTokenOf(accountSid) }, settings: { from: '+15005550006' } }
}

/** Whether a SendGrid key is one that `sandboxCredentials` gives. */
export function isSandboxKey(apiKey: string): boolean {
  const id = /^SG\.([\w-]{22})\.[\w-]{43}$/.exec(apiKey)?.[1]
  return id !== undefined && apiKeyOf(id) === apiKey
}

function apiKeyOf(id: string): string {
  return `SG.${id}.${digest('sendgrid secret', id, 'base64url')}`
}

/** The auth token of an account at the Twilio stand-in. */
export function authTokenOf(accountSid: string): string {
  return digest('twilio token', accountSid, 'hex').slice(0, 32)
}

/** The P-256 key with which the SendGrid stand-in signs the events of this account: any 32 bytes below the order are one. */
export function webhookKeyOf(apiKey: string): KeyObject {
  const curve = createECDH('prime256v1')
  const secret = createHash('sha256').update(`throughline sandbox sendgrid webhook ${apiKey}`).digest()
  curve.setPrivateKey(secret)
  const point = curve.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: secret.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function digest(purpose: string, of: string, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(`throughline sandbox ${purpose} ${of}`).digest(encoding)
}
