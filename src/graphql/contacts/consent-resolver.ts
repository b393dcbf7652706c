import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import type { ApiContext } from '../context.ts'
import { topicLoader } from '../topics/loaders.ts'
import { Topic } from '../topics/types.ts'
import { Consent } from './types.ts'

@Resolver(() => Consent)
export class ConsentResolver {
  @FieldResolver(() => Topic, { nullable: true, description: 'null: every topic.' })
  topic(@Root() consent: Consent, @Ctx() context: ApiContext): Promise<Topic | null> {
    return consent.topicId === null ? Promise.resolve(null) : topicLoader(context).load(consent.topicId)
  }
}
