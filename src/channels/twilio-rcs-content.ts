import { createHash } from 'node:crypto'
import type { RcsCard, RcsContent, RcsSuggestion } from '../domain/content/rcs.ts'

/** A content as POST /v1/Content takes it, its texts taken out of it, and those texts by number. */
export interface RichContent {
  /** Of what is the same for everybody: the name under which it is made once. */
  name: string
  types: Record<string, object>
  variables: Record<string, string>
}

/**
 * What is richer than a text exists at Twilio as a content, made beforehand and named by its SID
 * (https://www.twilio.com/docs/content/twiliocard). Texts become its variables, so that one content serves everybody; the
 * addresses and labels of suggestions, which take none everywhere, are part of it. null for what is no card and no suggestions.
 */
export function richContent({ body, suggestions, card, carousel }: RcsContent): RichContent | null {
  const variables: Record<string, string> = {}
  const take = (text: string): string => {
    const number = String(Object.keys(variables).length + 1)
    variables[number] = text
    return `{{${number}}}`
  }
  const types =
    carousel !== undefined
      ? { 'twilio/carousel': { body: take(carousel.text), cards: carousel.cards.map((each) => ({ ...faceOf(each, take), media: each.media })) } }
      : card !== undefined
        ? { 'twilio/card': { ...faceOf(card, take), ...(card.media === undefined ? {} : { media: [card.media] }) } }
        : body !== undefined && suggestions !== undefined
          ? { 'twilio/card': { body: take(body), actions: suggestions.map(actionOf) } }
          : null
  if (types === null) return null
  return { name: `throughline-${createHash('sha256').update(JSON.stringify(types)).digest('hex').slice(0, 32)}`, types, variables }
}

function faceOf({ title, description, suggestions }: RcsCard, take: (text: string) => string): object {
  return {
    ...(title === undefined ? {} : { title: take(title) }),
    ...(description === undefined ? {} : { body: take(description) }),
    ...(suggestions === undefined ? {} : { actions: suggestions.map(actionOf) }),
  }
}

function actionOf({ type, text, value }: RcsSuggestion): object {
  if (type === 'URL') return { type, title: text, url: value }
  return type === 'DIAL' ? { type: 'PHONE_NUMBER', title: text, phone: value } : { type: 'QUICK_REPLY', title: text, id: value }
}
