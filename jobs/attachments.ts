import type pg from 'pg'
import { openGuard } from '../src/channels/address-guard.ts'
import { retryAfter } from '../src/channels/failures.ts'
import { openTransport } from '../src/channels/http.ts'
import {
  type AttachmentReference,
  contentTypeFault,
  fileNameFault,
  LARGEST_FILE,
  LARGEST_TOTAL,
  type MailAttachment,
} from '../src/domain/content/email-attachments.ts'
import type { SendOutcome } from '../src/domain/delivery.ts'
import type { JsonObject } from '../src/domain/json.ts'
import { readAttachment } from '../src/store/queries/sending.ts'

export interface AttachmentFiles {
  /** The content with its files in place, and what gives their memory back; or why there is no sending it, now or ever. */
  attach(workspaceId: string, content: JsonObject): Promise<{ content: JsonObject; release(): void } | SendOutcome>
  close(): Promise<void>
}

interface File {
  name: string | null
  contentType: string
  /** base64 */
  content: string
}
type Loaded = File | SendOutcome

/** Bytes kept for the next mail, and bytes of mails on their way: each is in memory three times while it is written. */
const KEPT = 64_000_000
const UNDER_WAY = 64_000_000
/** Milliseconds: a broadcast asks an address once a minute and process, and a changed file is seen soon. */
const FRESH_FOR = 60_000
const FETCH_TIMEOUT = 15_000
/** Milliseconds one attempt waits for its files; the rest of what STRANDED_AFTER allows is the provider's. Whoever comes later finds what has come. */
const PATIENCE = 4_000

const never = (code: string, message: string): SendOutcome => ({ type: 'permanent', code, message })
const later = (message: string, pause: number | null = null): SendOutcome => ({
  type: 'retry',
  code: 'ATTACHMENT_UNAVAILABLE',
  message,
  ...(pause === null ? {} : { retryAfter: pause }),
})
const isOutcome = (loaded: Loaded): loaded is SendOutcome => 'type' in loaded

/** The files of mails: what was uploaded from the database, what has an address from there, past the address guard. */
export function openAttachments(options: { pool: pg.Pool; privateHosts: readonly string[]; patience?: number; now?: () => number }): AttachmentFiles {
  const { pool, privateHosts, patience = PATIENCE, now = Date.now } = options
  const transport = openTransport({
    timeout: FETCH_TIMEOUT,
    connections: 8,
    maxBytes: LARGEST_FILE,
    connect: openGuard({ privateHosts, httpsOnly: true }),
  })
  const kept = new Map<string, { loaded: Promise<Loaded>; size: number; until: number }>()
  let keptBytes = 0
  let underWay = 0
  const waiting: (() => void)[] = []

  const drop = (key: string) => {
    keptBytes -= kept.get(key)?.size ?? 0
    kept.delete(key)
  }

  /** One flight per key; what failed is forgotten, what succeeded is kept as long as there is room. */
  async function load(key: string, lifetime: number, make: () => Promise<Loaded>): Promise<Loaded> {
    const known = kept.get(key)
    if (known !== undefined && known.until > now()) {
      kept.delete(key)
      kept.set(key, known)
      return known.loaded
    }
    drop(key)
    const entry = { loaded: make(), size: 0, until: now() + lifetime }
    kept.set(key, entry)
    const loaded = await entry.loaded.catch((error: unknown) => {
      if (kept.get(key) === entry) drop(key)
      throw error
    })
    if (kept.get(key) !== entry) return loaded
    if (isOutcome(loaded)) {
      drop(key)
      return loaded
    }
    entry.size = loaded.content.length
    keptBytes += entry.size
    for (const oldest of [...kept.keys()]) if (keptBytes > KEPT && kept.get(oldest)?.size !== 0) drop(oldest)
    return loaded
  }

  async function uploaded(workspaceId: string, id: string): Promise<Loaded> {
    const row = await readAttachment(pool, workspaceId, id)
    if (row === null) return never('ATTACHMENT_GONE', 'an attached file is gone')
    return { name: row.name, contentType: row.content_type, content: row.content.toString('base64') }
  }

  async function fetched(url: string): Promise<Loaded> {
    const got = await transport.exchange({ method: 'GET', url, headers: { accept: '*/*' }, encoding: 'latin1' })
    if (got.type === 'unsent')
      return ['ADDRESS_REFUSED', 'ERR_INVALID_URL', 'UND_ERR_INVALID_ARG'].includes(got.code)
        ? never('ATTACHMENT_REFUSED', 'the address of an attached file is not one that may be reached')
        : later(`an attached file could not be reached (${got.code})`)
    if (got.type === 'unanswered')
      return got.code === 'ANSWER_TOO_LARGE'
        ? never('ATTACHMENT_TOO_LARGE', `an attached file is larger than ${LARGEST_FILE} bytes`)
        : later(`an attached file did not come (${got.code})`)
    const { status, headers, body } = got
    const said = `the address of an attached file answered ${status}`
    if (status === 408 || status === 429 || status >= 500) return later(said, retryAfter(headers['retry-after']))
    if (status !== 200 || body.length === 0) return never('ATTACHMENT_REFUSED', status === 200 ? 'an attached file is empty' : said)
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    return {
      name: null,
      contentType: contentTypeFault(type) === null ? type : 'application/octet-stream',
      content: Buffer.from(body, 'latin1').toString('base64'),
    }
  }

  async function attachment(workspaceId: string, reference: AttachmentReference): Promise<MailAttachment | SendOutcome> {
    const { file, contentId } = reference
    const url = reference.url?.trim() ?? ''
    const loaded = await (file !== undefined
      ? load(`${workspaceId} ${file}`, Number.POSITIVE_INFINITY, () => uploaded(workspaceId, file))
      : load(`${workspaceId} ${url}`, FRESH_FOR, () => fetched(url)))
    if (isOutcome(loaded)) return loaded
    const name = (reference.name?.trim() || loaded.name) ?? ''
    const fault = fileNameFault(name)
    if (fault !== null) return never('ATTACHMENT_REFUSED', `the name of an attached file ${fault}`)
    return {
      name,
      contentType: reference.contentType ?? loaded.contentType,
      content: loaded.content,
      ...(contentId === undefined ? {} : { contentId }),
    }
  }

  /** null where no room came about in time. */
  async function reserve(size: number, late: Promise<null>): Promise<(() => void) | null> {
    while (underWay > 0 && underWay + size > UNDER_WAY) {
      const room = await Promise.race([new Promise<true>((next) => waiting.push(() => next(true))), late])
      if (room === null) return null
    }
    underWay += size
    let held = true
    return () => {
      if (held) underWay -= size
      held = false
      for (const next of waiting.splice(0)) next()
    }
  }

  async function gather(workspaceId: string, content: JsonObject, late: Promise<null>): ReturnType<AttachmentFiles['attach']> {
    const references = (content.attachments ?? []) as AttachmentReference[]
    const loading = Promise.all(references.map((reference) => attachment(workspaceId, reference)))
    const made = await Promise.race([loading, late])
    if (made === null) {
      loading.catch(() => {})
      return later('an attached file takes long to come')
    }
    const files: MailAttachment[] = []
    for (const each of made) {
      if ('type' in each) return each
      files.push(each)
    }
    const total = files.reduce((sum, each) => sum + (each.content.length / 4) * 3, 0)
    if (total > LARGEST_TOTAL) return never('ATTACHMENT_TOO_LARGE', `the attached files are more than ${LARGEST_TOTAL} bytes together`)
    const release = await reserve(total, late)
    return release === null
      ? later('too many large mails are under way')
      : { content: { ...content, attachments: files as unknown as JsonObject[] }, release }
  }

  return {
    async attach(workspaceId, content) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<null>((done) => {
        timer = setTimeout(() => done(null), patience)
      })
      return gather(workspaceId, content, late).finally(() => clearTimeout(timer))
    },
    close: () => transport.close(),
  }
}
