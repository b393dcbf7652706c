import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver, registerEnumType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { sendTestMessage, type TestSendResult } from '../../services/test-sends.ts'
import { ChannelEnum } from '../channel.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { expected, Payload } from '../user-error.ts'

const TestSendOutcomeEnum = { ACCEPTED: 'ACCEPTED', REFUSED: 'REFUSED', UNKNOWN: 'UNKNOWN' } as const
registerEnumType(TestSendOutcomeEnum, {
  name: 'TestSendOutcome',
  description: 'What a provider made of a test.',
  valuesConfig: {
    ACCEPTED: { description: 'The provider took it.' },
    REFUSED: { description: 'The provider did not take it, or could not be asked; `code` and `message` say why.' },
    UNKNOWN: { description: 'Its answer was lost on the way: it may have taken it.' },
  },
})

@InputType({ description: 'A template, to an address of your own.' })
class SendTestMessageInput {
  @Field(() => ID, { description: 'What is sent.' })
  templateId!: string
  @Field(() => String, { description: 'Whereto, as the channel has it; it need not be a contact’s, and none is made.' })
  address!: string
  @Field(() => ChannelEnum, { nullable: true, description: 'Its variants for which channel; the template’s own where left out.' })
  channel?: Channel | null
  @Field(() => String, { nullable: true, description: 'The reader’s language; the first variant where left out.' })
  locale?: string | null
  @Field(() => JsonObjectScalar, { nullable: true, description: 'As of `previewTemplate`; required variables are needed here, too.' })
  data?: JsonObject | null
  @Field(() => ID, { nullable: true, description: 'Through which connection; the first of the channel where left out.' })
  connectionId?: string | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@ObjectType({ description: 'What became of a test.' })
class TestSend implements TestSendResult {
  @Field(() => TestSendOutcomeEnum, { description: 'What the provider made of it.' })
  outcome!: TestSendResult['outcome']
  @Field(() => String, { nullable: true, description: 'The provider’s, where it did not take it.' })
  code!: string | null
  @Field(() => String, { nullable: true, description: 'In the provider’s words, where it did not take it.' })
  message!: string | null
  @Field(() => String, { nullable: true, description: 'By what the provider knows it.' })
  providerMessageId!: string | null
}

@ObjectType({ description: 'What became of a test.' })
class SendTestMessagePayload extends Payload {
  @Field(() => TestSend, { nullable: true, description: 'null where none was sent.' })
  test!: TestSend | null
}

@Resolver()
export class TestSendResolver {
  @Mutation(() => SendTestMessagePayload, {
    description:
      'Sends a template with sample data to an address of your own, at once, through the workspace’s connection. It is no message: nothing is counted, tracked, shortened, attached or tried again, and nobody’s consent is asked. 10 a minute and 200 a day per workspace, one at a time. Needs the scope WRITE.',
  })
  sendTestMessage(
    @Arg('input', () => SendTestMessageInput) input: SendTestMessageInput,
    @Ctx() context: ApiContext,
  ): Promise<SendTestMessagePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const connectionId = input.connectionId == null ? null : idOf('ProviderConnection', input.connectionId, ['connectionId'])
      const asked = { ...input, templateId: idOf('Template', input.templateId, ['templateId']), connectionId }
      return { test: await sendTestMessage(context.services, caller, asked) }
    })
  }
}
