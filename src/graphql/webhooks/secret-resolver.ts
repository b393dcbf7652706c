import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { listSecrets, removeSecret, type SecretView, setSecret } from '../../services/webhooks-secrets.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { DateTimeScalar } from '../scalars.ts'
import { expected, Payload } from '../user-error.ts'

@ObjectType({
  description: 'A secret that webhook nodes may put into their requests as `{{ secrets.NAME }}`. Its value goes in and never comes out.',
})
export class Secret {
  constructor(private readonly row: SecretView) {}
  @Field(() => String, { description: 'Unique in the workspace.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => DateTimeScalar, { description: 'When it was first set.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { description: 'When its value was last set.' })
  get updatedAt(): Date {
    return this.row.updatedAt
  }
}

@InputType({ description: 'A secret to keep.' })
export class SetSecretInput {
  @Field(() => String, { description: 'Letters, digits and `_`, not beginning with a digit; at most 100.' })
  name!: string
  @Field(() => String, { description: '1 to 8,000 characters. Encrypted at rest and never answered.' })
  value!: string
}

@InputType({ description: 'A secret to forget.' })
export class RemoveSecretInput {
  @Field(() => String, { description: 'Its name.' })
  name!: string
}

@ObjectType({ description: 'What became of a secret.' })
export class SecretPayload extends Payload {
  @Field(() => Secret, { nullable: true, description: 'null where nothing was done, and where it was removed.' })
  secret!: Secret | null
}

@Resolver()
export class SecretResolver {
  @Query(() => [Secret], { description: 'The workspace’s secrets by name, without their values.' })
  async secrets(@Ctx() context: ApiContext): Promise<Secret[]> {
    return (await listSecrets(context.services, callerWith(context, 'read'))).map((row) => new Secret(row))
  }

  @Mutation(() => SecretPayload, {
    description: 'Keeps a secret, or gives a kept one another value. A workspace has at most 200. Needs the scope ADMIN.',
  })
  setSecret(@Arg('input', () => SetSecretInput) input: SetSecretInput, @Ctx() context: ApiContext): Promise<SecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({ secret: new Secret(await setSecret(context.services, caller, input)) }))
  }

  @Mutation(() => SecretPayload, {
    description: 'Forgets a secret. Calls that need it fail from then on, and leave by `error`. Needs the scope ADMIN.',
  })
  removeSecret(@Arg('input', () => RemoveSecretInput) input: RemoveSecretInput, @Ctx() context: ApiContext): Promise<SecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      await removeSecret(context.services, caller, input.name)
      return { secret: null }
    })
  }
}
