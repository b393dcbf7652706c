import type { LogEntry } from './log.ts'

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
}

/** The people's view: what they got lately, newest first. Everything in it is a stranger's text, so all is escaped. */
export function receivedPage(entries: readonly LogEntry[]): string {
  const rows = entries
    .slice(-100)
    .reverse()
    .map((entry) => {
      const cells = [new Date(entry.at).toISOString().slice(11, 19), entry.provider, entry.outcome, entry.to ?? '', entry.subject ?? entry.code ?? '']
      const body = escaped(
        (entry.text ?? '')
          .replace(/<[^>]+>|&#\d+;/g, ' ')
          .replace(/\s+/g, ' ')
          .slice(0, 300),
      )
      return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}<td>${body}</td></tr>`
    })
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Sandbox</title>
<style>body{font:14px system-ui;margin:2rem}td,th{text-align:left;padding:.2rem .8rem;border-bottom:1px solid #ddd;vertical-align:top}</style>
<h1>What people received</h1><table><tr><th>at<th>provider<th>outcome<th>to<th>subject<th>text</tr>${rows.join('\n')}</table>`
}
