import type { FastifyInstance } from 'fastify'
import type { Hub } from '../realtime/hub.ts'
import type { Services } from '../services/context.ts'

const PATIENCE = 2_000

/** `live`: the process answers. `ready`: the database does, too, so that a balancer sends requests here. */
export function healthRoutes(services: Services, hub: Hub) {
  return async (fastify: FastifyInstance): Promise<void> => {
    let listening = false
    hub.ready.then(
      () => {
        listening = true
      },
      () => {},
    )
    fastify.get('/health/live', async () => ({ status: 'ok' }))
    fastify.get('/health/ready', async (_request, reply) => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), PATIENCE)
      })
      const database = await Promise.race([
        services.apiPool.query('SELECT 1').then(
          () => true,
          () => false,
        ),
        late,
      ])
      clearTimeout(timer)
      const ready = database && listening
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: ready ? 'ok' : 'unavailable', database, listening })
    })
  }
}
