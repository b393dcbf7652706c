import { createHash } from 'node:crypto'

export interface SmtpAccount {
  credentials: { username: string; password: string }
  settings: { host: string; port: number; security: 'STARTTLS'; caCertificate: string; fromEmail: string; fromName: string }
}

/**
 * The stand-in's key and certificate (localhost, 127.0.0.1 and ::1; 2020 to 2120), base64 of their DER. Both are public and protect
 * nothing: they are here so that STARTTLS is spoken, and checked, on a machine without an authority of its own.
 */
const KEY =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+a/GsQdhZxem0fXY2XrQ05Qkx4Odk6iAMYmzMRj0HfChRANCAAT3Fk+7g4PLVb' +
  'wBb5ll9OemxKv9s074kXsfZAiQfUAJWz+hwRxVWVGWeoJhcVRm0ijWInEDCBLicc8yjpfZMTmi'
const CERTIFICATE = [
  'MIIBeDCCAR6gAwIBAgICD7kwCgYIKoZIzj0EAwIwHjEcMBoGA1UEAwwTVGhyb3VnaGxpbmUgc2FuZGJveDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHjEcMBoGA1UE',
  'AwwTVGhyb3VnaGxpbmUgc2FuZGJveDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPcWT7uDg8tVvAFvmWX056bEq/2zTviRex9kCJB9QAlbP6HBHFVZUZZ6gmFxVGbSKNYicQMIEuJx',
  'zzKOl9kxOaKjSjBIMDUGA1UdEQQuMCyCCWxvY2FsaG9zdIIHc2FuZGJveIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCC',
  '7k8gAzLgIOdRuXU995CS7BR8CMpaEw6L+gqTMu+n+wIgIN+zVcUTlTcrtNbLVANzzQsQmiHnDKRg9hNULTRC8RU=',
].join('')

const pem = (name: string, base64: string) => `-----BEGIN ${name}-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END ${name}-----\n`
export const SMTP_KEY = pem('PRIVATE KEY', KEY)
export const SMTP_CERTIFICATE = pem('CERTIFICATE', CERTIFICATE)

/** Where the sandbox listens unless it is told otherwise: one above its other port. */
const DEFAULT_PORT = 4011

/** An account at the mail stand-in; give it the port of the sandbox that runs. */
export function smtpAccount(name: string): SmtpAccount {
  return {
    credentials: { username: `${name}@sandbox`, password: passwordOf(`${name}@sandbox`) },
    settings: {
      host: '127.0.0.1',
      port: DEFAULT_PORT,
      security: 'STARTTLS',
      caCertificate: SMTP_CERTIFICATE,
      fromEmail: `hello@${name}.example`,
      fromName: 'Throughline',
    },
  }
}

/** The password of a user of the stand-in's; null for one that `smtpAccount` did not give. */
export function smtpPasswordOf(username: string): string | null {
  return /^[a-z0-9-]{1,30}@sandbox$/.test(username) ? passwordOf(username) : null
}

function passwordOf(username: string): string {
  return createHash('sha256').update(`throughline sandbox smtp ${username}`).digest('base64url').slice(0, 24)
}
