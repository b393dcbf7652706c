import { ArgsType, Field, ID, InputType } from 'type-graphql'
import type { AppPlatform, Surface } from '../../domain/content/in-app.ts'
import type { InAppPlace } from '../../services/in-app.ts'
import { idOf } from '../global-id.ts'
import { DateTimeScalar } from '../scalars.ts'
import { AppPlatformEnum, InAppSurfaceEnum } from './types.ts'

@ArgsType()
export class InAppArgs {
  @Field(() => ID, { nullable: true, description: 'Whose; with a contact’s token their own, and with an API key it must be given.' })
  contactId?: string | null
  @Field(() => [InAppSurfaceEnum], { nullable: true, description: 'Only on these surfaces.' })
  surfaces?: Surface[] | null
  @Field(() => AppPlatformEnum, { nullable: true, description: 'Only what is for this platform.' })
  platform?: AppPlatform | null
  @Field(() => String, { nullable: true, description: 'Only what is for this screen.' })
  screen?: string | null
  @Field(() => String, { nullable: true, description: 'Only what shows when this happens, or whatever happens.' })
  event?: string | null
}

export const contactOf = ({ contactId }: InAppArgs): string | null => (contactId == null ? null : idOf('Contact', contactId, ['contactId']))
export const placeOf = ({ surfaces, platform, screen, event }: InAppArgs): InAppPlace => ({
  surfaces: surfaces ?? null,
  platform: platform ?? null,
  screen: screen ?? null,
  event: event ?? null,
})

@InputType({ description: 'What an app saw happen to an in-app message.' })
export class ReportInAppInput {
  @Field(() => ID, { description: 'The message.' })
  id!: string
  @Field(() => DateTimeScalar, { nullable: true, description: 'When; now where left out.' })
  at?: Date | null
}

@InputType({ description: 'A click on an in-app message.' })
export class ReportInAppClickInput extends ReportInAppInput {
  @Field(() => String, { nullable: true, description: 'Key of the button; the message itself where left out.' })
  button?: string | null
}
