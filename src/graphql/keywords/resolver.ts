import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { listKeywordRules, removeKeywordRule, setKeywordRule } from '../../services/keyword-rules.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { RemoveKeywordRuleInput, SetKeywordRuleInput } from './inputs.ts'
import { KeywordRule, KeywordRulePayload, RemoveKeywordRulePayload } from './types.ts'

@Resolver()
export class KeywordResolver {
  @Query(() => [KeywordRule], { description: 'The workspace’s keyword rules, the oldest first.' })
  async keywordRules(@Ctx() context: ApiContext): Promise<KeywordRule[]> {
    return (await listKeywordRules(context.services, callerWith(context, 'read'))).map((row) => new KeywordRule(row))
  }

  @Mutation(() => KeywordRulePayload, { description: 'Makes a keyword rule, or changes one. Needs the scope WRITE.' })
  setKeywordRule(@Arg('input', () => SetKeywordRuleInput) input: SetKeywordRuleInput, @Ctx() context: ApiContext): Promise<KeywordRulePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const id = input.id == null ? null : idOf('KeywordRule', input.id, ['id'])
      return { rule: new KeywordRule(await setKeywordRule(context.services, caller, { ...input, id })) }
    })
  }

  @Mutation(() => RemoveKeywordRulePayload, { description: 'Forgets a keyword rule. Needs the scope WRITE.' })
  removeKeywordRule(
    @Arg('input', () => RemoveKeywordRuleInput) input: RemoveKeywordRuleInput,
    @Ctx() context: ApiContext,
  ): Promise<RemoveKeywordRulePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      await removeKeywordRule(context.services, caller, idOf('KeywordRule', input.id, ['id']))
      return { removedId: input.id }
    })
  }
}
