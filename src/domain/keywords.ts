/** What a whole inbound text may mean. Anything else is a reply. */
export type Keyword = 'STOP' | 'START' | 'HELP'

/**
 * Exact words, as carriers and the CTIA's messaging principles list them, with those of other languages. The
 * whole text must be the word: «non-stop flight» unsubscribes nobody.
 */
const WORDS: Record<Keyword, readonly string[]> = {
  STOP: [
    'stop',
    'stopall',
    'stop all',
    'unsubscribe',
    'cancel',
    'end',
    'quit',
    'revoke',
    'optout',
    'opt out',
    'arret',
    'arrêt',
    'parar',
    'alto',
    'baja',
    'stopp',
    'abmelden',
    'afmelden',
    'стоп',
    '停止',
    '取消',
  ],
  START: ['start', 'unstop', 'subscribe', 'optin', 'opt in', 'inicio', 'anmelden', 'старт', '开始'],
  HELP: ['help', 'info', 'aide', 'ayuda', 'hilfe', 'помощь', '帮助'],
}

const BY_WORD = new Map((Object.keys(WORDS) as Keyword[]).flatMap((keyword) => WORDS[keyword].map((word) => [normalise(word), keyword] as const)))

/** null for anything that is not exactly a keyword after trimming, case folding, Unicode NFKC and taking full stops off its end. */
export function keywordOf(text: string): Keyword | null {
  return BY_WORD.get(normalise(text)) ?? null
}

function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[.!。]+$/, '')
    .trim()
}
