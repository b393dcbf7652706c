import { Arg, Ctx, Field, Float, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { JOURNEY_TEMPLATES } from '../../services/journey-templates/catalogue.ts'
import { createFromTemplate } from '../../services/journey-templates/create.ts'
import { examples, wordsOf } from '../../services/journey-templates/journey-template.ts'
import { ChannelEnum } from '../channel.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { expected } from '../user-error.ts'
import { journeyLoader } from './loaders.ts'
import { Journey, JourneyPayload } from './types.ts'

@ObjectType({ description: 'Something a journey template says.' })
export class JourneyTemplateSlot {
  @Field(() => String, { description: 'Its name in `createJourneyFromTemplate`.' })
  name!: string
  @Field(() => ChannelEnum, { description: 'On which channel.' })
  channel!: Channel
  @Field(() => String, { description: 'For people.' })
  title!: string
  @Field(() => JsonObjectScalar, { description: 'Words to begin with, in the shape of the channel’s templates.' })
  content!: JsonObject
}

@ObjectType({ description: 'An address a journey template calls, or shows a file from.' })
export class JourneyTemplateParameter {
  @Field(() => String, { description: 'Its name in `createJourneyFromTemplate`.' })
  name!: string
  @Field(() => String, { description: 'For people.' })
  title!: string
  @Field(() => String, { description: 'Stands in its place where none is given.' })
  example!: string
}

@ObjectType({ description: 'A journey ready to be made one’s own.' })
export class JourneyTemplate {
  @Field(() => String, { description: 'Its name in `createJourneyFromTemplate`.' })
  key!: string
  @Field(() => String, { description: 'For people.' })
  title!: string
  @Field(() => String, { description: 'What it does.' })
  description!: string
  @Field(() => [JourneyTemplateSlot], { description: 'What it says.' })
  slots!: JourneyTemplateSlot[]
  @Field(() => [JourneyTemplateParameter], { description: 'What it calls, and where its files are.' })
  parameters!: JourneyTemplateParameter[]
}

@InputType({ description: 'One’s own template in the place of a slot’s words.' })
export class JourneySlotInput {
  @Field(() => String, { description: 'The slot.' })
  slot!: string
  @Field(() => ID, { description: 'A template of the slot’s channel.' })
  templateId!: string
}

@InputType({ description: 'One’s own address.' })
export class JourneyParameterInput {
  @Field(() => String, { description: 'The parameter.' })
  name!: string
  @Field(() => String, { description: 'The address; may hold Liquid, as the webhook or the template it goes into takes it.' })
  value!: string
}

@InputType({ description: 'A journey from a template.' })
export class CreateJourneyFromTemplateInput {
  @Field(() => String, { description: 'One of `journeyTemplates`.' })
  key!: string
  @Field(() => String, { nullable: true, description: 'The template’s title where left out. New templates are named after it.' })
  name?: string | null
  @Field(() => [JourneySlotInput], { nullable: true, description: 'Where one is left out, the slot’s words become a template.' })
  templates?: JourneySlotInput[] | null
  @Field(() => [JourneyParameterInput], { nullable: true, description: 'Where one is left out, its example stands.' })
  parameters?: JourneyParameterInput[] | null
  @Field(() => Float, { nullable: true, description: 'How many seconds a day lasts, for demonstrations; 86,400 where left out.' })
  secondsPerDay?: number | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

const list = <T extends object>(record: Readonly<Record<string, T>>) => Object.entries(record).map(([name, each]) => ({ name, ...each }))

@Resolver()
export class JourneyTemplateResolver {
  @Query(() => [JourneyTemplate], { description: 'Journeys ready to be made one’s own.' })
  journeyTemplates(@Ctx() context: ApiContext): JourneyTemplate[] {
    callerWith(context, 'read')
    return JOURNEY_TEMPLATES.map((template) => ({
      key: template.key,
      title: template.title,
      description: template.description,
      slots: list(template.slots).map((slot) => ({ ...slot, content: wordsOf(slot, examples(template)) })),
      parameters: list(template.parameters),
    }))
  }

  @Mutation(() => JourneyPayload, { description: 'Adds a journey as a draft, from a template. Needs the scope WRITE.' })
  createJourneyFromTemplate(
    @Arg('input', () => CreateJourneyFromTemplateInput) input: CreateJourneyFromTemplateInput,
    @Ctx() context: ApiContext,
  ): Promise<JourneyPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const templates = (input.templates ?? []).map(({ slot, templateId }, index) => ({
        slot,
        templateId: idOf('Template', templateId, ['templates', String(index), 'templateId']),
      }))
      const id = await createFromTemplate(context.services, caller, { ...input, templates, parameters: input.parameters ?? [] })
      const row = await journeyLoader(context).load(id)
      return { journey: row === null ? null : new Journey(row) }
    })
  }
}
