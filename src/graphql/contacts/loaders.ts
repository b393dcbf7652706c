import DataLoader from 'dataloader'
import { consentsOf } from '../../services/consents.ts'
import { contactsByIds } from '../../services/contacts.ts'
import { type Identity, identitiesByIds, identitiesOf } from '../../services/identities.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { Consent, type ContactRow } from './types.ts'

const CONTACTS = Symbol('contacts')
const IDENTITIES = Symbol('identities')
const CONSENTS = Symbol('consents')
const ADDRESSES = Symbol('addresses')

/** Contacts by id, merges followed; null for one that is not there. */
export function contactLoader(context: ApiContext): DataLoader<string, ContactRow | null> {
  return loaderOf(
    context,
    CONTACTS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await contactsByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}

/** Addresses by contact. */
export function identityLoader(context: ApiContext): DataLoader<string, Identity[]> {
  return loaderOf(
    context,
    IDENTITIES,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await identitiesOf(services, caller, ids)
        return ids.map((id) => found.get(id) ?? [])
      }),
  )
}

/** Consents by contact. */
export function consentLoader(context: ApiContext): DataLoader<string, Consent[]> {
  return loaderOf(
    context,
    CONSENTS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await consentsOf(services, caller, ids)
        return ids.map((id) => (found.get(id) ?? []).map((row) => new Consent(row)))
      }),
  )
}

/** Addresses by id; null for one that is not there. */
export function addressLoader(context: ApiContext): DataLoader<string, Identity | null> {
  return loaderOf(
    context,
    ADDRESSES,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await identitiesByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}
