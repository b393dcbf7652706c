import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createVault, readMasterKey } from '../../src/store/vault.ts'

const WORKSPACE = '0197f000-0000-7000-8000-000000000001'
const [A, B, C] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)] as const
const keyId = (sealed: Buffer) => sealed.subarray(1, 5).toString('hex')

describe('what is sealed', () => {
  const vault = createVault(A)
  const keys = vault.workspaceKeys(WORKSPACE, vault.createDataKey())

  test('opens as it was, and looks different each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [one, two] = [keys.seal(text), keys.seal(text)]
        expect([keys.open(one), keys.open(two)]).toEqual([text, text])
        expect(one.equals(two)).toBe(false)
        expect(one.length).toBe(1 + 4 + 12 + 16 + Buffer.byteLength(text))
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  test('does not open once a single bit of it has changed, wherever it is', () => {
    const sealed = keys.seal('ada@example.com')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => keys.open(changed)).toThrow(/^A sealed value could not be opened/)
    }
  })

  test('does not open cut short or drawn out: a tag of four bytes is none', () => {
    const sealed = keys.seal('')
    for (let length = 0; length < sealed.length; length++) expect(() => keys.open(sealed.subarray(0, length))).toThrow(/could not be opened/)
    expect(() => keys.open(Buffer.concat([sealed, Buffer.of(0)]))).toThrow(/could not be opened/)
  })

  test('opens in its own workspace only, even where two were given the same data key', () => {
    const wrapped = vault.createDataKey()
    const [mine, other] = [vault.workspaceKeys(WORKSPACE, wrapped), vault.workspaceKeys('0197f000-0000-7000-8000-000000000002', wrapped)]
    expect(() => other.open(mine.seal('x'))).toThrow(/is not among the workspace’s/)
    expect(other.blindIndex('sms', '+1')).not.toBe(mine.blindIndex('sms', '+1'))
  })

  test('is found by an index that differs by kind', () => {
    expect(keys.blindIndex('sms', 'x')).toBe(keys.blindIndex('sms', 'x'))
    expect(new Set([keys.blindIndex('sms', 'x'), keys.blindIndex('email', 'x'), keys.blindIndex('sms', 'y')]).size).toBe(3)
    expect(keys.blindIndex('sms', 'x')).toMatch(/^[\w-]{43}$/)
  })
})

describe('master keys', () => {
  const old = createVault(A)
  const wrapped = old.createDataKey()
  const sealed = old.workspaceKeys(WORKSPACE, wrapped).seal('kept')

  test('a retired one still opens what it wrapped', () => {
    const index = old.workspaceKeys(WORKSPACE, wrapped).blindIndex('sms', '+1')
    const keys = createVault(B, [C, A]).workspaceKeys(WORKSPACE, wrapped)
    expect([keys.open(sealed), keys.blindIndex('sms', '+1')]).toEqual(['kept', index])
    expect(() => createVault(B, [C]).workspaceKeys(WORKSPACE, wrapped)).toThrow(
      `A sealed value could not be opened: it was sealed under the key ${keyId(wrapped)}, which is not among SECRET_KEY and RETIRED_SECRET_KEYS.`,
    )
  })

  test('the newest wraps all that is new, and once it has wrapped the rest, the retired one can go', () => {
    const vault = createVault(B, [A])
    expect(keyId(vault.createDataKey())).toBe(keyId(createVault(B).createDataKey()))
    const rewrapped = vault.rewrap(wrapped)
    expect(
      createVault(B)
        .workspaceKeys(WORKSPACE, rewrapped ?? Buffer.alloc(0))
        .open(sealed),
    ).toBe('kept')
    expect(vault.rewrap(rewrapped ?? Buffer.alloc(0))).toBeNull()
  })

  test.each([
    [Buffer.alloc(31), [], 'SECRET_KEY must be 32 bytes.'],
    [A, [B, Buffer.alloc(16)], 'RETIRED_SECRET_KEYS must be 32 bytes.'],
  ])('of another length are refused', (newest, retired, message) => {
    expect(() => createVault(newest, retired)).toThrow(message)
  })

  test('come from the environment, newest first, or not at all', () => {
    const [a, b, c] = [A, B, C].map((key) => key.toString('base64'))
    expect(readConfig({ SECRET_KEY: a, RETIRED_SECRET_KEYS: ` ${b}, ${c},` })).toMatchObject({ secretKey: a, retiredSecretKeys: [b, c] })
    expect(readConfig({ SECRET_KEY: '', RETIRED_SECRET_KEYS: '' })).toMatchObject({ secretKey: null, retiredSecretKeys: [] })
    expect(() => readConfig({ RETIRED_SECRET_KEYS: `${b},short` })).toThrow(/^RETIRED_SECRET_KEYS must be 32 bytes in base64/)
    expect(() => readConfig({ SECRET_KEY: 'short' })).toThrow(/^SECRET_KEY must be 32 bytes in base64/)
  })
})

describe('data keys', () => {
  const vault = createVault(A)
  afterEach(() => void vi.useRealTimers())

  test('a new one seals from its time on; the old ones go on opening, and indexes stay', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    const first = vault.createDataKey()
    const second = vault.rotateDataKey(first, 1_300_000) ?? Buffer.alloc(0)
    // A process that has not read the ring again, and one that has.
    const [behind, ahead] = [vault.workspaceKeys(WORKSPACE, first), vault.workspaceKeys(WORKSPACE, second)]
    const early = ahead.seal('early')
    expect([keyId(early), behind.open(early)]).toEqual([keyId(behind.seal('x')), 'early'])
    vi.setSystemTime(1_300_000)
    const late = ahead.seal('late')
    expect(keyId(late)).not.toBe(keyId(early))
    expect([ahead.open(late), ahead.open(early)]).toEqual(['late', 'early'])
    expect(() => behind.open(late)).toThrow(/is not among the workspace’s/)
    expect(ahead.blindIndex('email', 'x')).toBe(behind.blindIndex('email', 'x'))
  })

  test('there is no other before the last one is in use', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 5_000 })
    const pending = vault.rotateDataKey(vault.createDataKey(), 6_000) ?? Buffer.alloc(0)
    expect(vault.rotateDataKey(pending, 7_000)).toBeNull()
    vi.setSystemTime(6_000)
    const third = vault.rotateDataKey(pending, 7_000) ?? Buffer.alloc(0)
    const sealed = vault.workspaceKeys(WORKSPACE, pending).seal('second')
    vi.setSystemTime(7_000)
    expect(vault.workspaceKeys(WORKSPACE, third).open(sealed)).toBe('second')
  })
})

test('what was sealed before there were key ids and rings still opens, and finds what it found', () => {
  const before = (key: Buffer, plain: Buffer) => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([Buffer.of(1), nonce, cipher.getAuthTag(), body])
  }
  const dataKey = randomBytes(32)
  const derived = (purpose: string) => Buffer.from(hkdfSync('sha256', dataKey, WORKSPACE, purpose, 32))
  const wrapped = before(A, dataKey)
  for (const vault of [createVault(A), createVault(B, [A])]) {
    const rewrapped = vault.rewrap(wrapped) ?? Buffer.alloc(0)
    for (const ring of [wrapped, rewrapped, vault.rotateDataKey(wrapped, 0) ?? Buffer.alloc(0)]) {
      const keys = vault.workspaceKeys(WORKSPACE, ring)
      expect(keys.open(before(derived('seal'), Buffer.from('old')))).toBe('old')
      expect(keys.blindIndex('sms', '+1')).toBe(createHmac('sha256', derived('index')).update('sms\0+1').digest('base64url'))
    }
  }
  expect(() => createVault(B).workspaceKeys(WORKSPACE, wrapped)).toThrow(/changed, or sealed under a key that is not among SECRET_KEY/)
})

describe('the development key', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'throughline-vault-'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))
  const config = (name: string, env: Record<string, string> = {}) => readConfig({ DATA_DIRECTORY: join(directory, name), ...env })

  test('is made once, for its owner alone, however many processes start at the same moment', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => readMasterKey(config('new/one'))))
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1)
    expect(keys[0]).toHaveLength(32)
    expect(await readdir(join(directory, 'new/one'))).toEqual(['secret.key'])
    const file = join(directory, 'new/one/secret.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe(keys[0]?.toString('base64'))
  })

  test('is not asked for where SECRET_KEY is set, and not made up in production', async () => {
    expect(await readMasterKey(config('two', { SECRET_KEY: B.toString('base64') }))).toEqual(B)
    await expect(readMasterKey(config('two', { NODE_ENV: 'production' }))).rejects.toThrow('SECRET_KEY must be set in production.')
    expect(await readdir(directory)).not.toContain('two')
  })

  test('says what is wrong where it can neither be made nor read', async () => {
    await writeFile(join(directory, 'file'), '')
    await expect(readMasterKey(config('file'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^No key can be kept in .*file\/secret\.key \(E\w+: .*\); set SECRET_KEY instead\.$/) as string,
      path: ['SECRET_KEY'],
    })
    await mkdir(join(directory, 'folder/secret.key'), { recursive: true })
    await expect(readMasterKey(config('folder'))).rejects.toThrow(/EISDIR/)
    expect(await readdir(join(directory, 'folder'))).toEqual(['secret.key'])
    await mkdir(join(directory, 'spoilt'))
    await writeFile(join(directory, 'spoilt/secret.key'), 'half of i')
    await expect(readMasterKey(config('spoilt'))).rejects.toThrow(/secret\.key does not hold 32 bytes in base64/)
  })
})
