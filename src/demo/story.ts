/** Writes the demo's story to the terminal: one line a happening, totals now and then. */
export interface Story {
  say(who: string, what: string): void
  totals(numbers: { started: number; active: number; converted: number; completed: number; dropped: number; revenue: string | null }): void
}

export function openStory(write: (line: string) => void, now: () => Date = () => new Date()): Story {
  const clock = () => now().toISOString().slice(11, 19)
  let last = ''
  return {
    say: (who, what) => write(`  ${clock()}  ${who.padEnd(10)}${what}`),
    totals({ started, active, converted, completed, dropped, revenue }) {
      const line = `${started} started · ${active} on their way · ${converted} converted (${revenue ?? '0'}) · ${completed} went through · ${dropped} dropped off`
      if (line !== last) write(`  ${clock()}  ──── ${line}`)
      last = line
    },
  }
}

/** What a message's status means to somebody who watches. */
export function describeMessage(channel: string, status: string, engagement: readonly string[], failure: string | null): string | null {
  const kind = { PUSH: 'push', EMAIL: 'email', SMS: 'SMS', WHATSAPP: 'WhatsApp message', IN_APP: 'in-app message' }[channel] ?? channel
  const article = /^[aei]|^SMS$/.test(kind) ? 'an' : 'a'
  if (engagement.includes('REPLIED')) return `answered the ${kind}`
  if (engagement.includes('CLICKED')) return `clicked in the ${kind}`
  if (engagement.includes('OPENED')) return `opened the ${kind}`
  switch (status) {
    case 'SENT':
      return `was sent ${article} ${kind}`
    case 'DELIVERED':
      return `got the ${kind}`
    case 'FAILED':
    case 'BOUNCED':
      return `could not be reached by ${kind}: ${failure ?? status}`
    case 'SUPPRESSED':
      return `gets no ${kind}: ${failure ?? 'suppressed'}`
    case 'CANCELLED':
      return `needs no ${kind} any more`
    case 'UNKNOWN':
      return `may or may not have got the ${kind}: the provider did not answer`
    default:
      return null
  }
}
