import { custom, type Infer, list, object, optional, text } from '../shape.ts'

/** Bytes of one file that is uploaded: as base64 it must fit into a request. */
export const LARGEST_UPLOAD = 5_000_000
/** Bytes of one file that is fetched. */
export const LARGEST_FILE = 10_000_000
/** Bytes of all files of a mail. SendGrid takes 30 MB of message, and base64 makes four bytes of three. */
export const LARGEST_TOTAL = 20_000_000
const MOST_FILES = 10

const contentType = text({ title: 'Media type', description: 'Such as application/pdf.', pattern: /^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/, max: 100 })
/** No path, no control character, nothing that would end a header. */
const fileName = text({ title: 'File name', description: 'As its reader sees it.', pattern: /^[^\\/:*?"<>|\p{Cc}]+$/u, max: 200 })

const reference = object({
  file: optional(
    text({ title: 'Uploaded file', description: 'As `uploadAttachment` named it.', pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }),
  ),
  url: optional(text({ title: 'Address', description: 'Fetched when the mail is sent; may hold Liquid.', max: 2_000 })),
  name: optional(text({ title: 'File name', description: 'May hold Liquid. An uploaded file has its own.', max: 500 })),
  contentType: optional(contentType),
  contentId: optional(text({ title: 'Content id', description: 'Shows a picture in the body, by `cid:` and this.', pattern: /^[\w.-]+$/, max: 100 })),
})
export type AttachmentReference = Infer<typeof reference>

export const emailAttachments = list(
  custom<AttachmentReference>({ ...reference.schema, oneOf: [{ required: ['file'] }, { required: ['url', 'name'] }] }, (value, path, report) => {
    const parsed = reference.parse(value, path, report)
    if (parsed === undefined) return undefined
    if ((parsed.file === undefined) === (parsed.url === undefined)) return void report(path, 'needs either a file or a url')
    if (parsed.url !== undefined && parsed.name === undefined) return void report([...path, 'name'], 'is missing')
    return parsed
  }),
  { title: 'Attachments', max: MOST_FILES },
)

/** A file of a mail as adapters get it. */
export interface MailAttachment {
  name: string
  contentType: string
  /** Where it is shown in the body. */
  contentId?: string
  /** base64. */
  content: string
}

/** What mail providers and programs refuse whatever is in it: https://support.google.com/mail/answer/6590. */
const PROGRAMS: ReadonlySet<string> = new Set(
  'ade adp apk appx bat cab chm cmd com cpl dll dmg exe hta ins iso isp jar js jse lib lnk mde msc msi msix msp mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh'.split(
    ' ',
  ),
)

/** What is wrong with a file's name, in words; null where nothing is. */
export function fileNameFault(name: string): string | null {
  let fault: string | null = null
  fileName.parse(name, [], (_path, message) => {
    fault = message
  })
  if (fault !== null) return fault
  const ending = name.toLowerCase().split('.').at(-1) ?? ''
  return name.includes('.') && PROGRAMS.has(ending) ? `ends in .${ending}, which mail providers refuse` : null
}

/** What is wrong with a media type; null where nothing is. A file that is itself a message would be taken apart. */
export function contentTypeFault(type: string): string | null {
  let fault: string | null = null
  contentType.parse(type, [], (_path, message) => {
    fault = message
  })
  return fault ?? (/^(multipart|message)\//.test(type) ? 'must not be multipart or message' : null)
}
