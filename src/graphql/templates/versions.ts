import { Args, Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from 'type-graphql'
import type { WhenUnknown } from '../../domain/ledger.ts'
import type { TemplateVariable as Variable } from '../../domain/template.ts'
import { listTemplateVersions, type TemplateWithVersion } from '../../services/templates.ts'
import { connectionOf, type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { DateTimeScalar } from '../scalars.ts'
import { Template, TemplateVariable, TemplateVariant, WhenUnknownEnum } from './types.ts'

type Version = TemplateWithVersion['version']

@ObjectType({ description: 'A template as it was saved once: immutable. Messages tell their `templateVersion`.' })
export class TemplateVersion {
  constructor(
    private readonly row: Version,
    private readonly template: Template,
  ) {}
  @Field(() => Int, { description: 'From 1.' })
  get number(): number {
    return this.row.number
  }
  @Field(() => [TemplateVariant], { description: 'One per channel and language.' })
  get variants(): TemplateVariant[] {
    return this.template.said(this.row)
  }
  @Field(() => [TemplateVariable], { description: 'What it expected under `vars`.' })
  get variables(): Variable[] {
    return this.row.variables
  }
  @Field(() => [String], { description: 'Names of the partials it rendered, itself or by another.' })
  get partials(): string[] {
    return Object.keys(this.row.partials ?? {}).sort()
  }
  @Field(() => WhenUnknownEnum, { description: 'What to do when a hand-over stays unknown.' })
  get whenUnknown(): WhenUnknown {
    return this.row.whenUnknown
  }
  @Field(() => DateTimeScalar, { description: 'When it was saved.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

const TemplateVersionConnection = connectionOf('TemplateVersion', () => TemplateVersion)

const NUMBER = /^[1-9]\d{0,8}$/

@Resolver(() => Template)
export class TemplateVersionResolver {
  @FieldResolver(() => TemplateVersionConnection, { description: 'Every version saved, newest first.' })
  versions(@Root() template: Template, @Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<TemplateVersion>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listTemplateVersions(context.services, caller, { templateId: template.uuid, ...slice }),
      (row) => String(row.number),
      (row) => new TemplateVersion(row, template),
      NUMBER,
    )
  }
}
