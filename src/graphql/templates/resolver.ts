import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import { CONTENT } from '../../domain/content.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { TemplateVariable } from '../../domain/template.ts'
import { previewTemplate } from '../../services/previews.ts'
import { createTemplate, listTemplates, updateTemplate } from '../../services/templates.ts'
import { ChannelEnum } from '../channel.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { ContactRef, soundReference } from '../contact-ref.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf, tryIdOf } from '../global-id.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { expected } from '../user-error.ts'
import { CreateTemplateInput, type TemplateVariableInput, UpdateTemplateInput } from './inputs.ts'
import { templateLoader } from './loaders.ts'
import { Template, TemplateConnection, TemplatePayload, TemplatePreview } from './types.ts'

const variablesOf = (list: TemplateVariableInput[] | null | undefined): TemplateVariable[] =>
  (list ?? []).map((each) => ({ name: each.name, required: each.required, default: each.default ?? null }))

@Resolver()
export class TemplateResolver {
  @Query(() => Template, { nullable: true, description: 'One template; null where there is none.' })
  async template(@Arg('id', () => ID, { description: 'The template.' }) id: string, @Ctx() context: ApiContext): Promise<Template | null> {
    callerWith(context, 'read')
    return this.load(tryIdOf('Template', id), context)
  }

  @Query(() => TemplateConnection, { description: 'Templates, newest first.' })
  templates(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('channel', () => ChannelEnum, { nullable: true, description: 'Only what has a variant for this channel.' }) channel: Channel | null,
    @Arg('search', () => String, { nullable: true, description: 'Part of the name.' }) search: string | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Template | null>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listTemplates(context.services, caller, { channel: channel ?? null, search: search ?? null, ...slice }),
      (row) => row.id,
      (row) => this.load(row.id, context) as never,
    )
  }

  @Query(() => JsonObjectScalar, { description: 'What a variant holds on a channel, as JSON Schema; for panels in which templates are written.' })
  contentSchema(@Arg('channel', () => ChannelEnum, { description: 'The channel.' }) channel: Channel, @Ctx() context: ApiContext): JsonObject {
    callerWith(context, 'read')
    return CONTENT[channel].shape.schema
  }

  @Query(() => TemplatePreview, { description: 'The template’s content as this contact, or somebody with this data, would get it.' })
  previewTemplate(
    @Arg('id', () => ID, { description: 'The template.' }) id: string,
    @Arg('locale', () => String, { nullable: true, description: 'The reader’s language; the contact’s where left out, or the first variant.' })
    locale: string | null,
    @Arg('data', () => JsonObjectScalar, {
      nullable: true,
      description: '`{contact, event, vars, key}` as far as the template reads them; what is here goes before what is the contact’s.',
    })
    data: JsonObject | null,
    @Arg('contact', () => ContactRef, { nullable: true, description: 'Whose attributes, tags and locale are read; nobody’s where left out.' })
    contact: ContactRef | null,
    @Arg('channel', () => ChannelEnum, { nullable: true, description: 'For which channel; its own where left out.' }) channel: Channel | null,
    @Ctx() context: ApiContext,
  ): Promise<TemplatePreview> {
    return previewTemplate(context.services, callerWith(context, 'read'), {
      id: idOf('Template', id, ['id']),
      contact: contact == null ? null : soundReference(contact),
      channel,
      locale: locale ?? null,
      data: data ?? {},
    })
  }

  @Mutation(() => TemplatePayload, {
    description: 'Adds a template. Everything in it is checked now, so that nothing is left to fail when it is sent. Needs the scope WRITE.',
  })
  createTemplate(@Arg('input', () => CreateTemplateInput) input: CreateTemplateInput, @Ctx() context: ApiContext): Promise<TemplatePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({
      template: await this.load(await createTemplate(context.services, caller, { ...input, variables: variablesOf(input.variables) }), context),
    }))
  }

  @Mutation(() => TemplatePayload, { description: 'Gives a template its next version; messages already sent keep theirs. Needs the scope WRITE.' })
  updateTemplate(@Arg('input', () => UpdateTemplateInput) input: UpdateTemplateInput, @Ctx() context: ApiContext): Promise<TemplatePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const id = await updateTemplate(context.services, caller, {
        ...input,
        id: idOf('Template', input.id, ['id']),
        variables: variablesOf(input.variables),
      })
      return { template: await this.load(id, context) }
    })
  }

  private async load(id: string | null, context: ApiContext): Promise<Template | null> {
    const found = id === null ? null : await templateLoader(context).load(id)
    return found === null ? null : new Template(found)
  }
}
