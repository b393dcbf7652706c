import DataLoader from 'dataloader'
import { ThroughlineError } from '../../errors.ts'
import { listConnections } from '../../services/connections.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { ProviderConnection } from './types.ts'

const CONNECTIONS = Symbol('connections')

/** Connections by id, disabled ones included. */
export function connectionLoader(context: ApiContext): DataLoader<string, ProviderConnection> {
  return loaderOf(
    context,
    CONNECTIONS,
    (services, caller) =>
      new DataLoader<string, ProviderConnection>(async (ids) => {
        const found = new Map((await listConnections(services, caller)).map((row) => [row.id, new ProviderConnection(row)]))
        return ids.map((id) => found.get(id) ?? new ThroughlineError('NOT_FOUND', 'There is no such connection.'))
      }),
  )
}
