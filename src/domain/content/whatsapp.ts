import { choice, custom, type Infer, list, number, object, optional, type Report, text } from '../shape.ts'
import { brief, type ContentKind, textMap, url } from './content-kind.ts'
import { holdsLiquid } from './payload.ts'

/** SERVICE answers somebody who wrote within a day and needs no template; the others are what Meta approves templates as. */
export const WHATSAPP_CATEGORIES = ['MARKETING', 'UTILITY', 'AUTHENTICATION', 'SERVICE'] as const
export type WhatsappCategory = (typeof WHATSAPP_CATEGORIES)[number]

const HEADER_MEDIA = ['image', 'video', 'document'] as const
const SESSION_MEDIA = [...HEADER_MEDIA, 'audio', 'sticker'] as const
const filename = optional(text({ title: 'File name', description: 'Documents only.', max: 240 }))
const media = <const T extends string>(types: readonly T[]) => object({ type: choice(types), url: url('Address'), filename }, { title: 'Media' })

/** Lengths are of the Liquid texts. What Meta allows of the rendered ones is shorter: checked where there is no Liquid, and there. */
const variable = text({ title: 'Variable', max: 2_000 })
const buttonValue = object({
  index: number({ title: 'Place', description: 'From 0, in the order of the template.', integer: true, min: 0, max: 9 }),
  type: choice(['QUICK_REPLY', 'URL', 'COPY_CODE']),
  value: text({ title: 'Value', description: 'What a reply brings back, what completes the address, or the code.', max: 2_000 }),
})
const buttons = optional(list(buttonValue, { title: 'Button variables', max: 10 }))
const body = optional(list(variable, { title: 'Body variables', description: 'In their order.', max: 50 }))

const template = object(
  {
    name: optional(text({ title: 'Name at Meta', pattern: /^[a-z0-9_]{1,512}$/ })),
    language: optional(text({ title: 'Language at Meta', pattern: /^[a-z]{2,3}(_[A-Za-z]{2,4})?$/ })),
    sid: optional(text({ title: 'Content SID at Twilio', pattern: /^HX[0-9a-f]{32}$/ })),
    header: optional(
      object(
        {
          text: optional(variable),
          name: optional(
            text({ title: 'Name of the text’s variable', description: 'Where the template’s have names.', pattern: /^[a-z0-9_]{1,100}$/ }),
          ),
          media: optional(media(HEADER_MEDIA)),
        },
        { title: 'Header' },
      ),
    ),
    body,
    buttons,
    cards: optional(list(object({ media: media(['image', 'video']), body, buttons }), { title: 'Carousel cards', min: 1, max: 10 })),
    variables: optional({
      ...textMap,
      schema: { ...textMap.schema, title: 'Variables by name', description: "Twilio's, and those of a body at Meta." },
    }),
  },
  { title: 'Template' },
)

/** https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-list-messages, …/interactive-reply-buttons-messages. */
const row = object({ id: brief(200, { room: 400 }), title: brief(24), description: optional(brief(72, { room: 400 })) })
const session = object(
  {
    text: optional(text({ title: 'Text', max: 4_096 })),
    media: optional(media(SESSION_MEDIA)),
    footer: optional(brief(60, { title: 'Footer', description: 'Under buttons or a list.' })),
    buttons: optional(list(object({ id: brief(256, { room: 400 }), title: brief(20) }), { title: 'Reply buttons', min: 1, max: 3 })),
    list: optional(
      object(
        {
          button: brief(20, { title: 'What opens it' }),
          sections: list(object({ title: optional(brief(24)), rows: list(row, { min: 1, max: 10 }) }), { min: 1, max: 10 }),
        },
        { title: 'List' },
      ),
    ),
  },
  { title: 'Session message', description: 'Sent instead of the template while the 24-hour window is open.' },
)

const parts = object({ category: choice(WHATSAPP_CATEGORIES, { title: 'Kind' }), template: optional(template), session: optional(session) })

export type WhatsappTemplate = Infer<typeof template>
export type WhatsappSession = Infer<typeof session>
export type WhatsappContent = Infer<typeof parts>
/** What an adapter is given: one of the two, the choice made. */
export type WhatsappMessage = { session: WhatsappSession; template?: undefined } | { template: WhatsappTemplate; session?: undefined }

const shape = custom<WhatsappContent>(parts.schema, (value, path, report) => {
  let sound = true
  const fault: Report = (at, message) => {
    sound = false
    report([...path, ...at], message)
  }
  const content = parts.parse(value, path, report)
  if (content === undefined) return undefined
  if (content.category === 'SERVICE' && content.template !== undefined) fault(['template'], 'is for other kinds than SERVICE')
  if (content.category === 'SERVICE' && content.session === undefined) fault(['session'], 'is missing')
  if (content.category !== 'SERVICE' && content.template === undefined) fault(['template'], 'is missing: only SERVICE goes without one')
  if (content.template !== undefined) checkTemplate(content.template, fault)
  if (content.session !== undefined) checkSession(content.session, fault)
  return sound ? content : undefined
})

function checkTemplate(given: WhatsappTemplate, fault: Report): void {
  if (given.name === undefined && given.sid === undefined) fault(['template'], 'needs its name at Meta or its content SID at Twilio')
  if (given.name !== undefined && given.language === undefined) fault(['template', 'language'], 'is missing')
  for (const field of ['header', 'body', 'buttons', 'cards'] as const)
    if (given[field] !== undefined && given.name === undefined) fault(['template', field], 'is for a template at Meta; at Twilio give `variables`')
  if (given.variables !== undefined && given.sid === undefined && given.body !== undefined)
    fault(['template', 'variables'], 'does not go with `body`, which has its variables in their order')
  if (given.header?.name !== undefined && given.header.text === undefined) fault(['template', 'header', 'name'], 'goes with a text')
  if (given.header?.text !== undefined && given.header.media !== undefined) fault(['template', 'header'], 'has either a text or media')
}

/** Of the words under media, or over reply buttons. */
const LONGEST_CAPTION = 1_024

/** https://developers.facebook.com/docs/whatsapp/cloud-api/messages: what may stand with what. */
function checkSession(given: WhatsappSession, fault: Report): void {
  const interactive = given.buttons !== undefined || given.list !== undefined
  const type = given.media?.type
  if (given.text === undefined && given.media === undefined) fault(['session'], 'needs a text or media')
  if (given.buttons !== undefined && given.list !== undefined) fault(['session', 'list'], 'does not go with buttons')
  if (interactive && given.text === undefined) fault(['session', 'text'], 'is missing: buttons and lists stand under one')
  if (given.list !== undefined && given.media !== undefined) fault(['session', 'media'], 'does not go with a list')
  if (given.footer !== undefined && !interactive) fault(['session', 'footer'], 'stands under buttons or a list only')
  if ((type === 'audio' || type === 'sticker') && given.text !== undefined) fault(['session', 'text'], `does not go with ${type}`)
  const short = given.media !== undefined || given.buttons !== undefined
  if (short && given.text !== undefined && !holdsLiquid(given.text) && given.text.length > LONGEST_CAPTION)
    fault(['session', 'text'], `must have at most ${LONGEST_CAPTION} characters`)
  const sections = given.list?.sections ?? []
  if (sections.length > 1)
    sections.forEach(({ title }, index) => {
      if (title === undefined) fault(['session', 'list', 'sections', String(index), 'title'], 'is missing: with several sections each has one')
    })
  const rows = sections.flatMap((each) => each.rows)
  if (rows.length > 10) fault(['session', 'list', 'sections'], 'must have at most 10 rows together')
  for (const [field, ids] of [
    ['buttons', given.buttons?.map((each) => each.id) ?? []],
    ['list', rows.map((each) => each.id)],
  ] as const)
    if (new Set(ids).size < ids.length) fault(['session', field], 'has an id twice')
}

export const WHATSAPP: ContentKind<WhatsappContent> = { shape }
