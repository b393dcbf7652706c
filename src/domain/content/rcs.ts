import { choice, custom, type Infer, list, object, optional, text } from '../shape.ts'
import { brief, type ContentKind, textMap, url, whyNoWebAddress } from './content-kind.ts'
import { holdsLiquid } from './payload.ts'

const VALUE_FAULTS = {
  REPLY: () => null,
  URL: whyNoWebAddress,
  DIAL: (value: string) => (/^\+[1-9]\d{6,14}$/.test(value) ? null : 'must be a number such as +15551230004'),
} as const

/** Lengths are of the Liquid texts, and shorter for those that hold none: what they come to is the provider's to refuse. */
const button = object({
  type: choice(['REPLY', 'URL', 'DIAL'], { title: 'Kind' }),
  text: brief(25, { title: 'Label', description: 'Up to 25 characters.' }),
  value: text({ title: 'Value', description: 'What a reply brings back, the address that opens, or the number that is dialled.', max: 2_000 }),
})
const suggestion: typeof button = {
  ...button,
  parse(value, path, report) {
    const given = button.parse(value, path, report)
    const wrong = given === undefined || holdsLiquid(given.value) ? null : VALUE_FAULTS[given.type](given.value)
    return wrong === null ? given : void report([...path, 'value'], wrong)
  },
}
const cardOf = (suggestions: number) =>
  object(
    {
      title: optional(brief(200, { title: 'Title', description: 'Up to 200 characters.', room: 1_000 })),
      description: optional(brief(2_000, { title: 'Description', description: 'Up to 2,000 characters.', room: 4_000 })),
      media: optional(url('Picture or video')),
      suggestions: optional(list(suggestion, { title: 'Suggestions', min: 1, max: suggestions })),
    },
    { title: 'Card' },
  )

const parts = object({
  body: optional(text({ title: 'Text', max: 1_600 })),
  suggestions: optional(list(suggestion, { title: 'Suggestions', description: 'Under a text.', min: 1, max: 11 })),
  card: optional(cardOf(4)),
  carousel: optional(
    object(
      {
        text: text({ title: 'Text before it', description: 'Twilio asks for one, and shows it on other channels alone.', max: 1_600 }),
        cards: list(cardOf(2), { title: 'Cards', min: 2, max: 10 }),
      },
      { title: 'Carousel' },
    ),
  ),
  content: optional(
    object(
      {
        sid: text({ title: 'Content SID at Twilio', pattern: /^HX[0-9a-f]{32}$/ }),
        variables: optional({ ...textMap, schema: { ...textMap.schema, title: 'Variables' } }),
      },
      { title: 'Content' },
    ),
  ),
})

export type RcsContent = Infer<typeof parts>
export type RcsCard = NonNullable<RcsContent['card']>
export type RcsSuggestion = NonNullable<RcsContent['suggestions']>[number]

const WHOLES = ['body', 'card', 'carousel', 'content'] as const

/** Exactly one of a text, a card, a carousel and a content kept at the provider; a card has something to show. */
const shape = custom<RcsContent>({ ...parts.schema, oneOf: WHOLES.map((each) => ({ required: [each] })) }, (value, path, report) => {
  const parsed = parts.parse(value, path, report)
  if (parsed === undefined) return undefined
  let sound = true
  const fault = (at: readonly string[], message: string) => {
    report([...path, ...at], message)
    sound = false
  }
  if (WHOLES.filter((each) => parsed[each] !== undefined).length !== 1) fault([], `needs exactly one of ${WHOLES.join(', ')}`)
  if (parsed.suggestions !== undefined && parsed.body === undefined) fault(['suggestions'], 'stands under a text; a card has its own')
  const { card, carousel } = parsed
  if (card !== undefined && card.title === undefined && card.description === undefined) fault(['card'], 'needs a title or a description')
  if (card !== undefined && Object.keys(card).length < 2) fault(['card'], 'needs more than a text')
  carousel?.cards.forEach((each, index) => {
    for (const field of ['description', 'media', 'suggestions'] as const)
      if (each[field] === undefined) fault(['carousel', 'cards', String(index), field], 'is missing')
  })
  return sound ? parsed : undefined
})

export const RCS: ContentKind<RcsContent> = { shape }
