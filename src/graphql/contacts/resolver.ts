import { Arg, Args, Ctx, Extensions, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { consentHistory, setConsent } from '../../services/consents.ts'
import { MOST_LOOKS } from '../../services/contact-search.ts'
import { getContact, identifyContact, listContacts, upsertContact } from '../../services/contacts.ts'
import { listEvents } from '../../services/events.ts'
import { addIdentity, type Identity, removeIdentity } from '../../services/identities.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { ContactRef, soundReference, toReference } from '../contact-ref.ts'
import { type ApiContext, callerOrContact, callerWith } from '../context.ts'
import { Event, EventConnection } from '../events/types.ts'
import { idOf } from '../global-id.ts'
import { LARGEST_PAGE } from '../limits.ts'
import { expected } from '../user-error.ts'
import { filteredContacts } from './filtered.ts'
import { AddIdentityInput, ContactFilter, IdentifyContactInput, RemoveIdentityInput, SetConsentInput, UpsertContactInput } from './inputs.ts'
import { consentLoader, contactLoader, identityLoader } from './loaders.ts'
import { reachabilityOf } from './reachability.ts'
import { ChannelIdentity, ChannelReachability, Consent, Contact, ContactConnection, ContactPayload, IdentityPayload } from './types.ts'

/** A full look at a page's contacts is a fifth of a second of the database's. */
const FILTER_COST = 500

@Resolver(() => Contact)
export class ContactResolver {
  @Query(() => Contact, { nullable: true, description: 'One contact; null where there is none. One that was merged answers who it was merged into.' })
  async contact(@Arg('ref', () => ContactRef, { description: 'Whom.' }) ref: ContactRef, @Ctx() context: ApiContext): Promise<Contact | null> {
    const caller = callerOrContact(context, 'read')
    const reference = toReference(ref)
    const row = reference.id === '' ? null : await getContact(context.services, caller, reference)
    return row === null ? null : new Contact(row)
  }

  @Extensions({ costs: { filter: FILTER_COST } })
  @Query(() => ContactConnection, {
    description: `Every contact, those merged into others left out, newest first. With a filter a page looks at ${MOST_LOOKS.toLocaleString('en')} contacts at most: it may hold fewer than asked for, even none, while \`pageInfo\` says that more may follow, and where to go on.`,
  })
  contacts(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('filter', () => ContactFilter, {
      nullable: true,
      description: `Only these; all where left out. Costs ${FILTER_COST} of the operation’s cost.`,
    })
    filter: ContactFilter | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Contact>> {
    const caller = callerWith(context, 'read')
    if (filter != null) return filteredContacts(context, caller, args, filter)
    return pageOf(
      args,
      (slice) => listContacts(context.services, caller, slice),
      (row) => row.id,
      (row) => new Contact(row),
    )
  }

  @FieldResolver(() => [ChannelIdentity], { description: 'Where they are reached, oldest first.' })
  async identities(@Root() contact: Contact, @Ctx() context: ApiContext): Promise<ChannelIdentity[]> {
    return (await identitiesOf(contact, context)).map((row) => new ChannelIdentity(row))
  }

  @FieldResolver(() => [Consent], {
    description:
      'What they have said to being written to, as it stands now. Of somebody who was merged, each half’s word counts: a withdrawal stands.',
  })
  consents(@Root() contact: Contact, @Ctx() context: ApiContext): Promise<Consent[]> {
    return consentsOf(contact, context)
  }

  @FieldResolver(() => [Consent], { description: 'Every time they said something to it, newest first.' })
  async consentHistory(
    @Root() contact: Contact,
    @Arg('first', () => Int, { nullable: true, description: `How many, at most ${LARGEST_PAGE}; that many where left out.` }) first: number | null,
    @Ctx() context: ApiContext,
  ): Promise<Consent[]> {
    const most = Math.min(LARGEST_PAGE, Math.max(0, first ?? LARGEST_PAGE))
    return (await consentHistory(context.services, callerWith(context, 'read'), contact.uuid, most)).map((row) => new Consent(row))
  }

  @FieldResolver(() => [ChannelReachability], { description: 'Whether promotional messages reach them, channel by channel.' })
  async reachability(@Root() contact: Contact, @Ctx() context: ApiContext): Promise<ChannelReachability[]> {
    const [identities, consents] = await Promise.all([identitiesOf(contact, context), consentsOf(contact, context)])
    return reachabilityOf(contact.row, identities, consents)
  }

  @FieldResolver(() => EventConnection, { description: 'What they did, before they were known, too; newest first.' })
  events(
    @Root() contact: Contact,
    @Args(() => PageArgs) args: PageArgs,
    @Arg('name', () => String, { nullable: true, description: 'Only events of this name.' }) name: string | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Event>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listEvents(context.services, caller, { contactIds: [contact.uuid, ...contact.row.linked], name: name ?? null, ...slice }),
      (row) => row.id,
      (row) => new Event(row),
    )
  }

  @Mutation(() => ContactPayload, { description: 'Makes or changes a contact. Needs the scope WRITE.' })
  upsertContact(@Arg('input', () => UpsertContactInput) input: UpsertContactInput, @Ctx() context: ApiContext): Promise<ContactPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () =>
      this.answer(await upsertContact(context.services, caller, { ...input, contact: soundReference(input.contact) }), context),
    )
  }

  @Mutation(() => ContactPayload, {
    description: 'Joins an anonymous contact to a known one; its history and running journeys go on under the known one. Needs the scope WRITE.',
  })
  identifyContact(@Arg('input', () => IdentifyContactInput) input: IdentifyContactInput, @Ctx() context: ApiContext): Promise<ContactPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => this.answer(await identifyContact(context.services, caller, input), context))
  }

  @Mutation(() => IdentityPayload, {
    description:
      'Registers an address, or refreshes one that is there: it is active again, and the most recently seen. Needs the scope WRITE, or the contact’s own token.',
  })
  addIdentity(@Arg('input', () => AddIdentityInput) input: AddIdentityInput, @Ctx() context: ApiContext): Promise<IdentityPayload> {
    const caller = callerOrContact(context, 'write')
    return expected(async () => {
      const replaces = input.replaces == null ? null : idOf('ChannelIdentity', input.replaces, ['replaces'])
      const { identityId, contactId } = await addIdentity(context.services, caller, { ...input, contact: soundReference(input.contact), replaces })
      const identity = (await identityLoader(context).load(contactId)).find((each) => each.id === identityId)
      return { ...(await this.answer(contactId, context)), identity: identity === undefined ? null : new ChannelIdentity(identity) }
    })
  }

  @Mutation(() => ContactPayload, {
    description: 'Forgets an address for good. Messages on their way to it still arrive. Needs the scope WRITE, or the contact’s own token.',
  })
  removeIdentity(@Arg('input', () => RemoveIdentityInput) input: RemoveIdentityInput, @Ctx() context: ApiContext): Promise<ContactPayload> {
    const caller = callerOrContact(context, 'write')
    return expected(async () => this.answer(await removeIdentity(context.services, caller, idOf('ChannelIdentity', input.id, ['id'])), context))
  }

  @Mutation(() => ContactPayload, {
    description:
      'Records consent given or taken back. Nothing is handed over on the strength of the old one once this has answered. Needs the scope WRITE, or the contact’s own token.',
  })
  setConsent(@Arg('input', () => SetConsentInput) input: SetConsentInput, @Ctx() context: ApiContext): Promise<ContactPayload> {
    const caller = callerOrContact(context, 'write')
    return expected(async () => {
      const topicId = input.topicId == null ? null : idOf('Topic', input.topicId, ['topicId'])
      return this.answer(await setConsent(context.services, caller, { ...input, contact: soundReference(input.contact), topicId }), context)
    })
  }

  private async answer(id: string, context: ApiContext): Promise<{ contact: Contact | null }> {
    const row = await contactLoader(context).load(id)
    return { contact: row === null ? null : new Contact(row) }
  }
}

/** Rows never move: what belongs to who was merged into a contact stands under their own id, and is the contact's all the same. */
const halvesOf = ({ uuid, row }: Contact): string[] => [uuid, ...row.linked]

async function identitiesOf(contact: Contact, context: ApiContext): Promise<Identity[]> {
  const found = await Promise.all(halvesOf(contact).map((id) => identityLoader(context).load(id)))
  return found.flat().sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
}

async function consentsOf(contact: Contact, context: ApiContext): Promise<Consent[]> {
  return (await Promise.all(halvesOf(contact).map((id) => consentLoader(context).load(id)))).flat()
}
