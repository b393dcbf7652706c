import { Ctx, Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import { KEYWORD_ACTIONS, type KeywordAction } from '../../domain/keywords.ts'
import type { listKeywordRules } from '../../services/keyword-rules.ts'
import { ChannelEnum } from '../channel.ts'
import type { ApiContext } from '../context.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { templateLoader } from '../templates/loaders.ts'
import { Template } from '../templates/types.ts'
import { Payload } from '../user-error.ts'

export const KeywordActionEnum = enumOf(KEYWORD_ACTIONS)
registerEnumType(KeywordActionEnum, {
  name: 'KeywordAction',
  description: 'What a keyword does.',
  valuesConfig: {
    OPT_OUT: { description: 'Withdraws consent on the channel. Built in: STOP and its like, in every language.' },
    OPT_IN: { description: 'Grants consent on the channel. Built in: START and its like, in English and the contact’s language.' },
    HELP: { description: 'Asks for help. Built in: HELP and its like, in English and the contact’s language.' },
    REPLY: { description: 'Is answered, and nothing more.' },
  },
})

type Row = Awaited<ReturnType<typeof listKeywordRules>>[number]

@ObjectType({
  implements: Node,
  description:
    'What a text does that is exactly one of these words, apart from case, blanks and full stops; without words, how the action’s built-in words are answered. A rule answers a contact at most once an hour.',
})
export class KeywordRule extends Node {
  constructor(private readonly row: Row) {
    super('KeywordRule', row.id)
  }
  @Field(() => ChannelEnum, { description: 'Where people write; never changes.' })
  get channel(): Channel {
    return this.row.channel
  }
  @Field(() => KeywordActionEnum, { description: 'What the words do.' })
  get action(): KeywordAction {
    return this.row.action
  }
  @Field(() => [String], { description: 'Its words, in lower case; none where it answers the built-in ones.' })
  get keywords(): string[] {
    return this.row.keywords
  }
  @Field(() => Template, { nullable: true, description: 'What is answered, by locale; null where nothing is.' })
  async reply(@Ctx() context: ApiContext): Promise<Template | null> {
    const found = this.row.templateId == null ? null : await templateLoader(context).load(this.row.templateId)
    return found === null ? null : new Template(found)
  }
}

@ObjectType({ description: 'What became of a keyword rule.' })
export class KeywordRulePayload extends Payload {
  @Field(() => KeywordRule, { nullable: true, description: 'null where nothing was done.' })
  rule!: KeywordRule | null
}

@ObjectType({ description: 'Whether a keyword rule is gone.' })
export class RemoveKeywordRulePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Of the rule that is gone; null where nothing was done.' })
  removedId!: string | null
}
