import DataLoader from 'dataloader'
import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root, registerEnumType } from 'type-graphql'
import { type CallView, callsOf } from '../../services/webhooks-calls.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { Enrollment } from '../enrollments/types.ts'
import { DateTimeScalar } from '../scalars.ts'

const CallStateEnum = { PENDING: 'PENDING', HELD: 'HELD', SUCCEEDED: 'SUCCEEDED', FAILED: 'FAILED', CANCELLED: 'CANCELLED' } as const
registerEnumType(CallStateEnum, {
  name: 'WebhookCallState',
  description: 'What became of a call.',
  valuesConfig: {
    PENDING: { description: 'It is still to be made, for the first time or again, or is under way.' },
    HELD: { description: 'It waits for its journey to be resumed.' },
    SUCCEEDED: { description: 'It was answered as its node takes for success.' },
    FAILED: { description: 'It was refused, or made in vain as often as it may be.' },
    CANCELLED: { description: 'The enrollment ended before it was answered.' },
  },
})

@ObjectType({ description: 'A webhook node’s call to somebody’s server. What was sent is not kept: it may hold secrets.' })
export class WebhookCall {
  constructor(private readonly row: CallView) {}
  @Field(() => String, { description: 'The header `webhook-id` of each of its requests.' })
  get webhookId(): string {
    return this.row.id
  }
  @Field(() => String, { description: 'The node’s key.' })
  get node(): string {
    return this.row.node
  }
  @Field(() => CallStateEnum, { description: 'What became of it.' })
  get state(): CallView['status'] {
    return this.row.status
  }
  @Field(() => Int, { description: 'Requests made so far.' })
  get attempts(): number {
    return this.row.attempt
  }
  @Field(() => Int, { nullable: true, description: 'Status of the last answer; null where there was none.' })
  get answerStatus(): number | null {
    return this.row.answerStatus ?? null
  }
  @Field(() => String, { nullable: true, description: 'What went wrong last, such as `HTTP_503`, `TIMEOUT`, `ADDRESS_REFUSED` or `SECRET_MISSING`.' })
  get failureCode(): string | null {
    return this.row.failureCode ?? null
  }
  @Field(() => String, { nullable: true, description: 'The same for people.' })
  get failureMessage(): string | null {
    return this.row.failureMessage ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When the enrollment came to the node.' })
  get plannedAt(): Date {
    return this.row.plannedAt
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was over.' })
  get finishedAt(): Date | null {
    return this.row.finishedAt ?? null
  }
}

const CALLS = Symbol('webhook calls')

@Resolver(() => Enrollment)
export class EnrollmentCallResolver {
  @FieldResolver(() => [WebhookCall], { description: 'The calls of its webhook nodes, the oldest first.' })
  async calls(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<WebhookCall[]> {
    const loader = loaderOf<string, CallView[]>(
      context,
      CALLS,
      (services, caller) =>
        new DataLoader(async (ids: readonly string[]) => {
          const found = await callsOf(services, caller, ids)
          return ids.map((id) => found.get(id) ?? [])
        }),
    )
    return (await loader.load(enrollment.uuid)).map((row) => new WebhookCall(row))
  }
}
