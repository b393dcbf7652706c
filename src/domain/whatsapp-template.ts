import type { WhatsappCategory, WhatsappTemplate } from './content/whatsapp.ts'
import type { Report } from './shape.ts'

/** Whether a template may be sent. UNSUBMITTED is Twilio's: it exists there, and WhatsApp was never asked. */
export const TEMPLATE_STATUSES = ['APPROVED', 'PENDING', 'REJECTED', 'PAUSED', 'DISABLED', 'UNSUBMITTED', 'DELETED'] as const
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number]

/** What the providers call the same. */
const SYNONYMS: Readonly<Record<string, TemplateStatus>> = {
  // Sent all the same: a warning that it may be disabled.
  FLAGGED: 'APPROVED',
  REINSTATED: 'APPROVED',
  UNPAUSED: 'APPROVED',
  IN_APPEAL: 'PENDING',
  RECEIVED: 'PENDING',
  SUBMITTED: 'PENDING',
  PENDING_DELETION: 'DELETED',
}

/** A provider's own word; one that is not known is PENDING, which is not sent. */
export function templateStatus(word: string): TemplateStatus {
  const upper = word.toUpperCase()
  return TEMPLATE_STATUSES.find((each) => each === upper) ?? (Object.hasOwn(SYNONYMS, upper) ? SYNONYMS[upper] : undefined) ?? 'PENDING'
}

export interface ButtonSlot {
  index: number
  type: 'QUICK_REPLY' | 'URL' | 'COPY_CODE'
}

/** What one template wants filled in. */
export interface TemplateSlots {
  /** Media in the header, by its type. */
  media: string | null
  /** Whether the header's text has a variable, and its name where it has one. */
  headerText: boolean
  headerName: string | null
  /** The body's variables in order: '1', '2'… or their names. */
  body: readonly string[]
  buttons: readonly ButtonSlot[]
  cards: readonly { media: string | null; body: readonly string[]; buttons: readonly ButtonSlot[] }[]
  /** Twilio's placeholders, wherever they stand. */
  variables: readonly string[]
}

export const NO_SLOTS: TemplateSlots = { media: null, headerText: false, headerName: null, body: [], buttons: [], cards: [], variables: [] }

/** A template as its provider has it. */
export interface ProviderTemplate {
  /** Meta's number, or Twilio's content SID. */
  providerId: string
  name: string
  language: string
  category: string | null
  status: TemplateStatus
  /** Why it was refused or paused, in the provider's words. */
  reason: string | null
  /** As the provider gave them. */
  components: unknown
  slots: TemplateSlots
}

/** Everything in which a content's use of a template differs from the template; paths begin in the content. */
export function templateMismatches(
  category: WhatsappCategory,
  given: WhatsappTemplate,
  known: Pick<ProviderTemplate, 'category' | 'slots'>,
  fault: Report,
): void {
  const { slots } = known
  if (known.category !== null && known.category !== category) fault(['category'], `the template is approved for ${known.category}`)
  if (given.sid !== undefined && slots.variables.length > 0) {
    const missing = slots.variables.filter((each) => !Object.hasOwn(given.variables ?? {}, each))
    if (missing.length > 0) fault(['template', 'variables'], `the template takes ${missing.join(', ')} too`)
  }
  if (given.name === undefined) return
  const media = given.header?.media?.type ?? null
  if (media !== slots.media)
    fault(['template', 'header', 'media'], slots.media === null ? 'the template has no media header' : `the template takes ${slots.media}`)
  if ((given.header?.text !== undefined) !== slots.headerText)
    fault(['template', 'header', 'text'], slots.headerText ? 'the template takes one' : 'the template takes none')
  const name = given.header?.name ?? null
  if (given.header?.text !== undefined && slots.headerText && name !== (slots.headerName ?? null))
    fault(['template', 'header', 'name'], slots.headerName === null ? 'the template has none' : `the template calls it ${slots.headerName}`)
  if (given.body === undefined && isNamed(slots.body)) {
    const missing = slots.body.filter((each) => !Object.hasOwn(given.variables ?? {}, each))
    if (missing.length > 0) fault(['template', 'variables'], `the template takes ${missing.join(', ')} too`)
  } else if (isNamed(slots.body)) fault(['template', 'body'], "the template's variables have names: give `variables`")
  else countBody(given.body ?? [], slots.body, ['template', 'body'], fault)
  matchButtons(given.buttons ?? [], slots.buttons, ['template', 'buttons'], fault)
  const cards = given.cards ?? []
  if (cards.length !== slots.cards.length) return fault(['template', 'cards'], `the template has ${slots.cards.length} cards, not ${cards.length}`)
  cards.forEach((card, index) => {
    const slot = slots.cards[index]
    const path = ['template', 'cards', String(index)]
    if (slot === undefined) return
    if (card.media.type !== slot.media) fault([...path, 'media', 'type'], `the template takes ${slot.media}`)
    countBody(card.body ?? [], slot.body, [...path, 'body'], fault)
    matchButtons(card.buttons ?? [], slot.buttons, [...path, 'buttons'], fault)
  })
}

const isNamed = (body: readonly string[]) => body.some((each) => !/^\d+$/.test(each))

function countBody(given: readonly string[], slots: readonly string[], path: readonly string[], fault: Report): void {
  if (given.length !== slots.length) fault(path, `the template takes ${slots.length} variables, not ${given.length}`)
}

/** A quick reply without a value brings its own title back; an address or a code without one is refused. */
function matchButtons(given: readonly ButtonSlot[], slots: readonly ButtonSlot[], path: readonly string[], fault: Report): void {
  given.forEach((button, n) => {
    const slot = slots.find((each) => each.index === button.index)
    if (slot === undefined) fault([...path, String(n), 'index'], `the template has no button with a variable at ${button.index}`)
    else if (slot.type !== button.type) fault([...path, String(n), 'type'], `the button is ${slot.type}`)
  })
  for (const { index, type } of slots)
    if (type !== 'QUICK_REPLY' && !given.some((each) => each.index === index)) fault(path, `the button at ${index} takes a value`)
}
