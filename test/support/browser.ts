import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import WebSocket from 'ws'

/** Chromium without a screen, spoken to by its own protocol: https://chromedevtools.github.io/devtools-protocol/. */
export interface Browser {
  /** Opens a page and lets it load. */
  open(url: string): Promise<Page>
  close(): Promise<void>
}

/** A page, or a service worker. */
export interface Page {
  call<T = Record<string, unknown>>(method: string, params?: object): Promise<T>
  /** The value of an expression, awaited, as JSON carries it; throws what it throws. */
  evaluate<T = unknown>(expression: string): Promise<T>
}

/** The one inside the package is built for this platform alone. */
export const hasBrowser = process.platform === 'linux' && process.arch === 'x64'

interface Said {
  id?: number
  result?: unknown
  error?: { message: string }
  method?: string
  params?: { registrations?: { registrationId: string; scopeURL: string }[] }
}

export async function openBrowser(): Promise<Browser & { worker(scope: string): Promise<{ page: Page; registrationId: string }> }> {
  const profile = await mkdtemp(join(tmpdir(), 'throughline-browser-'))
  const flags = ['--headless=shell', '--no-sandbox', '--no-zygote', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`]
  const child = spawn(await chromium.executablePath(), [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`the browser did not start: ${said}`)))
    child.once('error', reject)
  })
  const socket = new WebSocket(address)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))

  let asked = 0
  const waiting = new Map<number, (said: Said) => void>()
  const registrations = new Map<string, string>()
  socket.on('message', (data) => {
    const said = JSON.parse(String(data)) as Said
    if (said.id !== undefined) waiting.get(said.id)?.(said)
    if (said.method === 'ServiceWorker.workerRegistrationUpdated')
      for (const each of said.params?.registrations ?? []) registrations.set(each.scopeURL, each.registrationId)
  })
  const call = <T>(method: string, params: object = {}, sessionId?: string) =>
    new Promise<T>((resolve, reject) => {
      asked += 1
      waiting.set(asked, ({ result, error }) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as T)))
      socket.send(JSON.stringify({ id: asked, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    })
  const attach = async (targetId: string): Promise<Page> => {
    const { sessionId } = await call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    return {
      call: (method, params) => call(method, params, sessionId),
      async evaluate<T>(expression: string) {
        const { result, exceptionDetails } = await call<{ result: { value: T }; exceptionDetails?: { exception?: { description?: string } } }>(
          'Runtime.evaluate',
          { expression, awaitPromise: true, returnByValue: true },
          sessionId,
        )
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression)
        return result.value
      },
    }
  }
  return {
    async open(url) {
      const { targetId } = await call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
      const page = await attach(targetId)
      await page.call('ServiceWorker.enable')
      await page.call('Page.enable')
      await page.call('Page.navigate', { url })
      while (!(await page.evaluate<boolean>(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`).catch(() => false)));
      return page
    },
    async worker(scope) {
      const { targetInfos } = await call<{ targetInfos: { targetId: string; type: string; url: string }[] }>('Target.getTargets')
      const target = targetInfos.find((each) => each.type === 'service_worker' && each.url.startsWith(scope))
      if (target === undefined) throw new Error('no service worker runs there')
      return { page: await attach(target.targetId), registrationId: registrations.get(scope) ?? '' }
    },
    async close() {
      socket.terminate()
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
