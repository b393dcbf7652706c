import { Arg, Args, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { createPartial, deletePartial, updatePartial } from '../../services/partial-changes.ts'
import { listPartials, partialsByIds } from '../../services/partials.ts'
import { connectionOf, type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { Node } from '../node.ts'
import { DateTimeScalar } from '../scalars.ts'
import { expected, Payload } from '../user-error.ts'

type Row = Awaited<ReturnType<typeof listPartials>>[number]

@ObjectType({
  implements: Node,
  description:
    "A piece of text that any template renders by its name: `{% render 'footer' %}`, `{% render 'item', name: event.name %}`. It reads what it is given and nothing else. A template's version keeps its partials as they were when it was saved, so that what is tried again says the same as before, and what was checked is what is sent.",
})
export class TemplatePartial extends Node {
  constructor(private readonly row: Row) {
    super('TemplatePartial', row.id)
  }
  @Field(() => String, { description: 'Unique in the workspace; never changes.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { description: 'Liquid; in a mail HTML or MJML, as where it is rendered.' })
  get text(): string {
    return this.row.text
  }
  @Field(() => [String], { description: 'Names of the partials it renders itself.' })
  get renders(): string[] {
    return this.row.uses
  }
  @Field(() => Int, { description: 'How often it was saved.' })
  get version(): number {
    return this.row.version
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { description: 'When its text changed.' })
  get updatedAt(): Date {
    return this.row.updatedAt
  }
}

const TemplatePartialConnection = connectionOf('TemplatePartial', () => TemplatePartial)

@InputType({ description: 'A new partial.' })
class CreatePartialInput {
  @Field(() => String, { description: '1 to 64 lower-case letters, digits, `_` and `-`, a letter first; unique in the workspace.' })
  name!: string
  @Field(() => String, { description: 'Liquid; at most 100,000 characters. Partials it renders are there already.' })
  text!: string
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'Another text for a partial.' })
class UpdatePartialInput {
  @Field(() => ID, { description: 'The partial.' })
  id!: string
  @Field(() => String, { description: 'Liquid; at most 100,000 characters.' })
  text!: string
  @Field(() => Boolean, {
    defaultValue: true,
    description:
      'Whether every template whose current version renders it gets a next version with the new text, 500 at most; else each keeps the old until it is saved.',
  })
  updateTemplates!: boolean
}

@InputType({ description: 'A partial that is to go.' })
class DeletePartialInput {
  @Field(() => ID, { description: 'The partial; no template’s current version and no other partial renders it.' })
  id!: string
}

@ObjectType({ description: 'What became of a partial.' })
class PartialPayload extends Payload {
  @Field(() => TemplatePartial, { nullable: true, description: 'null where nothing was done.' })
  partial!: TemplatePartial | null
}

@ObjectType({ description: 'Whether a partial is gone.' })
class DeletePartialPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Of the partial that is gone; null where nothing was done.' })
  deletedId!: string | null
}

@Resolver()
export class PartialResolver {
  @Query(() => TemplatePartialConnection, { description: 'Partials, newest first.' })
  partials(@Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<TemplatePartial | null>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listPartials(context.services, caller, slice),
      (row) => row.id,
      (row) => new TemplatePartial(row) as never,
    )
  }

  @Mutation(() => PartialPayload, { description: 'Adds a partial. Needs the scope WRITE.' })
  createPartial(@Arg('input', () => CreatePartialInput) input: CreatePartialInput, @Ctx() context: ApiContext): Promise<PartialPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({ partial: await this.load(await createPartial(context.services, caller, input), context) }))
  }

  @Mutation(() => PartialPayload, {
    description:
      'Gives a partial another text, and the templates that render it their next version. All or nothing: one template that it breaks, and nothing is done. Needs the scope WRITE.',
  })
  updatePartial(@Arg('input', () => UpdatePartialInput) input: UpdatePartialInput, @Ctx() context: ApiContext): Promise<PartialPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const id = await updatePartial(context.services, caller, { ...input, id: idOf('TemplatePartial', input.id, ['id']) })
      return { partial: await this.load(id, context) }
    })
  }

  @Mutation(() => DeletePartialPayload, {
    description: 'Removes a partial that nothing renders any more; versions of templates that have it keep it. Needs the scope WRITE.',
  })
  deletePartial(@Arg('input', () => DeletePartialInput) input: DeletePartialInput, @Ctx() context: ApiContext): Promise<DeletePartialPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      await deletePartial(context.services, caller, idOf('TemplatePartial', input.id, ['id']))
      return { deletedId: input.id }
    })
  }

  private async load(id: string, context: ApiContext): Promise<TemplatePartial | null> {
    const row = (await partialsByIds(context.services, callerWith(context, 'read'), [id])).get(id)
    return row === undefined ? null : new TemplatePartial(row)
  }
}
