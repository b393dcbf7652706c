import { createRequire } from 'node:module'
import type { Engine } from 'mrml'
import { whyNotMjml } from '../domain/content/mjml-bounds.ts'
import { ThroughlineError } from '../errors.ts'

/**
 * mrml, MJML in Rust as WebAssembly: one package of 3.5 MB where `mjml` brings 234 of 61, and 42 µs a small mail. It
 * loads no includes, and of fonts only those the author names: the default would send every reader to a font server.
 */
const load = createRequire(import.meta.url)
const OPTIONS = { disableComments: false, socialIconOrigin: null, fonts: {} }
let engine: Engine | null = null

function open(): Engine {
  const made = new (load('mrml') as typeof import('mrml')).Engine()
  made.setRenderOptions(OPTIONS)
  return made
}

/** After a trap the module's stack is where the trap left it, and every later call traps, too: the next call loads another. */
function forget(broken: Engine): void {
  engine = null
  delete load.cache[load.resolve('mrml')]
  try {
    // Else the garbage collector does, and its trap ends the process.
    broken.free()
  } catch {}
}

const LARGEST = 4_000_000

/** The HTML of a MJML document whose Liquid is done; TEMPLATE_INVALID where it is none, or asks for too much. */
export function mjmlToHtml(text: string): string {
  const why = whyNotMjml(text)
  if (why !== null) throw new ThroughlineError('TEMPLATE_INVALID', `The MJML ${why}.`)
  engine ??= open()
  const used = engine
  let result: ReturnType<Engine['toHtml']>
  try {
    result = used.toHtml(text)
  } catch (error) {
    forget(used)
    throw new ThroughlineError('TEMPLATE_INVALID', 'The MJML cannot be rendered.', { cause: error })
  }
  if (result.type === 'error') throw new ThroughlineError('TEMPLATE_INVALID', `The MJML is not well formed: ${result.message}.`)
  if (result.content.length > LARGEST) throw new ThroughlineError('TEMPLATE_INVALID', `The MJML makes more than ${LARGEST} characters of HTML.`)
  return result.content
}
