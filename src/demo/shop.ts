import { createServer } from 'node:http'
import { ThroughlineError } from '../errors.ts'

/** The shop's own server: what journeys call is told, and what they fetch is a PDF. */
export interface Shop {
  url: string
  /** Called with the path and the body of whatever journeys tell it. */
  onTold(listen: (path: string, body: string) => void): void
  close(): Promise<void>
}

const MOST = 100_000

/** One page without anything on it; readers mend the missing table of places. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`

/** @param port the same at every start: journeys made by an earlier one go on calling it. Throws CONFIG_INVALID where it is taken. */
export async function startShop(port: number): Promise<Shop> {
  let listener: (path: string, body: string) => void = () => {}
  const server = createServer((request, response) => {
    if (request.method === 'GET') return void response.writeHead(200, { 'content-type': 'application/pdf' }).end(PDF)
    let body = ''
    request.on('data', (chunk: Buffer) => {
      if (body.length < MOST) body += String(chunk)
    })
    request.on('end', () => {
      listener(request.url ?? '/', body)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ThroughlineError('CONFIG_INVALID', `The demo's shop found port ${port} taken: another SANDBOX_PORT moves it.`, { cause })),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    onTold: (listen) => {
      listener = listen
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
