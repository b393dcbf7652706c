import type { ProviderTemplate } from '../domain/whatsapp-template.ts'
import type { Connection } from './channel.ts'
import { adapterFor } from './registry.ts'

/** What the provider of this connection says of its templates; null for a provider that has none. Throws UNAVAILABLE. */
export async function providerTemplates(connection: Omit<Connection, 'callbackUrl'>): Promise<ProviderTemplate[] | null> {
  const { templates } = adapterFor(connection.provider)
  // Nothing is sent, so there is nothing to call back about.
  return templates === undefined ? null : templates({ ...connection, callbackUrl: '' })
}
