import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isMachine } from '../domain/human.ts'
import type { Services } from '../services/context.ts'
import { readShortLink } from '../services/short-links.ts'
import { readLink, recordVisit, type Visit } from '../services/tracking.ts'

const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

const page = (body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Unsubscribe</title><body style="font-family:sans-serif;max-width:32rem;margin:4rem auto">${body}`

function human(request: FastifyRequest): boolean {
  const header = (name: string) => String(request.headers[name] ?? '')
  return !isMachine({
    method: request.method,
    userAgent: header('user-agent'),
    purpose: `${header('purpose')} ${header('sec-purpose')} ${header('x-moz')}`,
  })
}

/**
 * Pixel, counted links and unsubscribing. A GET never unsubscribes: scanners follow links. POST does, with or
 * without a form, as RFC 8058 asks of one-click.
 */
export function linkRoutes(services: Services) {
  const follow = async (visit: Visit | null, request: FastifyRequest, reply: FastifyReply) => {
    if (visit === null || !URL.canParse(visit.url)) return reply.code(404).type('text/plain').send('This link is not valid.')
    await recordVisit(services, visit, 'CLICKED', human(request))
    // Encoded, as a browser would: a header takes no letters beyond Latin-1.
    return reply.header('cache-control', 'no-store').redirect(new URL(visit.url).href, 302)
  }
  return async (fastify: FastifyInstance): Promise<void> => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 4_096 }, (_request, body, done) => done(null, body))
    fastify.get<{ Params: { token: string } }>('/t/o/:token', async (request, reply) => {
      const visit = await readLink(services, 'open', request.params.token)
      if (visit !== null) await recordVisit(services, visit, 'OPENED', human(request))
      return reply.type('image/gif').header('cache-control', 'no-store').send(PIXEL)
    })
    fastify.get<{ Params: { token: string } }>('/t/c/:token', async (request, reply) => {
      return follow(await readLink(services, 'click', request.params.token), request, reply)
    })
    fastify.get<{ Params: { code: string } }>('/s/:code', async (request, reply) =>
      follow(await readShortLink(services, request.params.code), request, reply),
    )
    fastify.get<{ Params: { token: string } }>('/u/:token', async (request, reply) => {
      const visit = await readLink(services, 'unsubscribe', request.params.token)
      reply.type('text/html')
      if (visit === null) return reply.code(404).send(page('<p>This link is not valid.</p>'))
      return reply.send(
        page(
          '<p>Stop receiving these messages?</p><form method="post"><button style="font-size:1rem;padding:.5rem 1rem">Unsubscribe</button></form>',
        ),
      )
    })
    fastify.post<{ Params: { token: string } }>('/u/:token', async (request, reply) => {
      const visit = await readLink(services, 'unsubscribe', request.params.token)
      reply.type('text/html')
      if (visit === null) return reply.code(404).send(page('<p>This link is not valid.</p>'))
      await recordVisit(services, visit, 'UNSUBSCRIBED', true)
      return reply.send(page('<p>You are unsubscribed.</p>'))
    })
  }
}
