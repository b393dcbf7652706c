import type { Channel } from './channel.ts'

/** What a whole inbound text may mean without anybody's having said so. Anything else is a reply. */
export type Keyword = 'STOP' | 'START' | 'HELP'

/** What a workspace lets a text do. */
export const KEYWORD_ACTIONS = ['OPT_OUT', 'OPT_IN', 'HELP', 'REPLY'] as const
export type KeywordAction = (typeof KEYWORD_ACTIONS)[number]

/** A workspace's own words on a channel, or, without any, its answer to the built-in words of the action. */
export interface KeywordRule {
  id: string
  channel: Channel
  action: KeywordAction
  /** Normalised. */
  keywords: readonly string[]
  /** The text that is answered, by locale. */
  templateId: string | null
}

/**
 * Exact words by language, as carriers and the CTIA's messaging principles list them. The whole text must be the
 * word: «non-stop flight» unsubscribes nobody.
 */
const WORDS: Record<Keyword, Readonly<Record<string, readonly string[]>>> = {
  STOP: {
    en: ['stop', 'stopall', 'stop all', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout', 'opt out'],
    de: ['stopp', 'abmelden', 'abbestellen'],
    es: ['alto', 'baja', 'parar', 'cancelar'],
    fr: ['arret', 'arrêt', 'arreter', 'arrêter', 'desabonner', 'désabonner'],
    it: ['ferma', 'annulla'],
    nl: ['afmelden', 'uitschrijven'],
    pl: ['rezygnuj', 'wypisz'],
    pt: ['parar', 'sair', 'pare'],
    ru: ['стоп', 'отписаться'],
    zh: ['停止', '取消', '退订', '退訂'],
  },
  START: {
    en: ['start', 'unstop', 'subscribe', 'optin', 'opt in'],
    de: ['anmelden'],
    es: ['inicio', 'alta'],
    fr: ['abonner'],
    it: ['inizia', 'iscrivi'],
    nl: ['aanmelden'],
    pt: ['inicio', 'início', 'iniciar'],
    ru: ['старт'],
    zh: ['开始', '開始'],
  },
  HELP: {
    en: ['help', 'info'],
    de: ['hilfe'],
    es: ['ayuda'],
    fr: ['aide'],
    it: ['aiuto'],
    nl: ['hulp'],
    pl: ['pomoc'],
    pt: ['ajuda'],
    ru: ['помощь'],
    zh: ['帮助', '幫助'],
  },
}

/** Marks of direction, joiners, soft hyphens and the like, which keyboards and phones put around a word unasked; and variation selectors. */
const UNSEEN = /\p{Cf}|[\ufe00-\ufe0f]/gu

const STOPS: ReadonlySet<string> = new Set('.!。')

const BY_WORD = new Map<string, { keyword: Keyword; languages: Set<string> }>()
for (const keyword of Object.keys(WORDS) as Keyword[]) {
  for (const [language, words] of Object.entries(WORDS[keyword])) {
    for (const word of words.map(normalise)) BY_WORD.set(word, { keyword, languages: (BY_WORD.get(word)?.languages ?? new Set()).add(language) })
  }
}

/**
 * null for anything that is not exactly a keyword after trimming, case folding, Unicode NFKC, leaving out what nobody sees and taking
 * full stops off its end. STOP is understood in every language, because nobody may have to know ours to be left in peace; START and
 * HELP in English and the person's own, where that is known: consent is not to be read into a word of another.
 */
export function keywordOf(text: string, locale: string | null = null): Keyword | null {
  const found = BY_WORD.get(normalise(text))
  if (found === undefined) return null
  const language = locale?.toLowerCase().split('-', 1)[0]
  return found.keyword === 'STOP' || language === undefined || found.languages.has('en') || found.languages.has(language) ? found.keyword : null
}

/** What a text does. */
export interface Understanding {
  /** STOP, START or HELP whatever the word was, else the workspace's own word; null for a reply. */
  keyword: string | null
  action: KeywordAction | null
  /** Whose answer, if it has one, goes back. */
  rule: KeywordRule | null
}

const ACTION_OF: Record<Keyword, KeywordAction> = { STOP: 'OPT_OUT', START: 'OPT_IN', HELP: 'HELP' }
const KEYWORD_OF: Record<Exclude<KeywordAction, 'REPLY'>, Keyword> = { OPT_OUT: 'STOP', OPT_IN: 'START', HELP: 'HELP' }

/** Reads a text by a workspace's rules (its own words first, since none can stand for another's opting out) and then by the built-in words. */
export function understand(text: string, channel: Channel, locale: string | null, rules: readonly KeywordRule[]): Understanding {
  const word = normalise(text)
  const here = rules.filter((rule) => rule.channel === channel)
  const own = here.find((rule) => rule.keywords.includes(word))
  if (own !== undefined) return { keyword: own.action === 'REPLY' ? word : KEYWORD_OF[own.action], action: own.action, rule: own }
  const keyword = keywordOf(text, locale)
  if (keyword === null) return { keyword: null, action: null, rule: null }
  const action = ACTION_OF[keyword]
  return { keyword, action, rule: here.find((rule) => rule.action === action && rule.keywords.length === 0) ?? null }
}

/** Why a word cannot be a rule's own; null where it can. */
export function refuseWord(word: string, action: KeywordAction): string | null {
  const normal = normalise(word)
  if (normal === '' || normal.length > 50) return 'must have 1 to 50 characters besides blanks and full stops'
  const builtIn = BY_WORD.get(normal)?.keyword
  // Somebody who writes STOP must be left in peace, whatever a workspace would rather read.
  if (builtIn === 'STOP' || builtIn === 'START') return `means ${builtIn} already; a rule without keywords answers it`
  return builtIn === 'HELP' && action !== 'HELP' && action !== 'REPLY' ? 'means HELP already' : null
}

export function normalise(text: string): string {
  const words = text.normalize('NFKC').replace(UNSEEN, '').toLowerCase().trim().replace(/\s+/g, ' ')
  // An expression that ends in `$` takes the square of what stops there are, and people send 65,536 characters.
  let end = words.length
  while (end > 0 && STOPS.has(words.charAt(end - 1))) end--
  return words.slice(0, end).trim()
}
