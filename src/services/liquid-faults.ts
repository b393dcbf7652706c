import type { Services } from './context.ts'

/** Texts hold no Liquid without it. */
const BRACE = '{'

/**
 * What keeps each text from being a template that stands alone, without partials: in the engine's words, and null where nothing does. One
 * that runs for good is told of all of them, since who asks refuses them together. Throws UNAVAILABLE.
 */
export async function liquidFaults({ renderer }: Pick<Services, 'renderer'>, texts: Iterable<string>): Promise<Map<string, string | null>> {
  const asked = [...new Set(texts)].filter((text) => text.includes(BRACE))
  const uses = asked.length === 0 ? [] : await renderer.uses(asked)
  const faults = asked.map((text, index) => {
    const { names = [], fault = null } = uses[index] ?? {}
    return [text, fault ?? (names.length === 0 ? null : `There are no partials here, such as «${names[0]}».`)] as const
  })
  return new Map(faults)
}

/** What `liquidFaults` told of a text, undefined where it was not asked. */
export const faultAmong = (faults: ReadonlyMap<string, string | null>, text: string): string | null | undefined =>
  text.includes(BRACE) ? faults.get(text) : null
