import { Pool } from 'undici'

export interface WireEvent {
  messageId: string
  name: string
  contact: { externalId: string }
  properties: Record<string, unknown>
}

export interface ApiClient {
  /** Ready to be posted any number of times: what a caller's CPU spends on JSON is not the API's. */
  body(events: readonly WireEvent[]): Buffer
  /** Posts a body; throws unless every event in it was accepted. */
  post(body: Buffer, events: number): Promise<void>
  ingest(events: readonly WireEvent[]): Promise<void>
  close(): Promise<void>
}

const INGEST =
  'mutation Ingest($input: IngestEventsInput!) { ingestEvents(input: $input) { accepted duplicates rejected { index message } userErrors { message } } }'

/** A caller of the API over HTTP with this many kept-alive connections. */
export function openApiClient(url: string, apiKey: string, connections: number): ApiClient {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }
  const client: ApiClient = {
    body: (events) => Buffer.from(JSON.stringify({ query: INGEST, variables: { input: { events } } })),
    async post(body, events) {
      const response = await pool.request({ method: 'POST', path: '/graphql', headers, body })
      const text = await response.body.text()
      if (!text.includes(`"accepted":${events},`)) throw new Error(`not accepted: ${text.slice(0, 500)}`)
    },
    ingest: (events) => client.post(client.body(events), events.length),
    close: () => pool.close(),
  }
  return client
}
