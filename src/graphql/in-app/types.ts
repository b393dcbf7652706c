import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { APP_PLATFORMS, type AppPlatform, type InAppContent, SURFACES, type Surface } from '../../domain/content/in-app.ts'
import type { InAppRow } from '../../services/in-app.ts'
import { connectionOf } from '../connection.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

export const InAppSurfaceEnum = enumOf(SURFACES)
registerEnumType(InAppSurfaceEnum, {
  name: 'InAppSurface',
  description: 'Where in the app a message shows.',
  valuesConfig: {
    FULL_SCREEN: { description: 'Over all of it.' },
    MODAL: { description: 'Before all else, until it is closed.' },
    BANNER: { description: 'At an edge, while the app goes on.' },
    INBOX: { description: 'In a list of messages.' },
    LIVE_STATUS: { description: 'Where something under way is followed; changed in place by its key.' },
  },
})

export const AppPlatformEnum = enumOf(APP_PLATFORMS)
registerEnumType(AppPlatformEnum, {
  name: 'AppPlatform',
  description: 'What an app runs on.',
  valuesConfig: { IOS: { description: 'iOS and iPadOS.' }, ANDROID: { description: 'Android.' }, WEB: { description: 'A browser.' } },
})

@ObjectType({ description: 'A button of an in-app message.' })
export class InAppButton {
  @Field(() => String, { description: 'By which `reportInAppClicked` names it.' })
  key!: string
  @Field(() => String, { description: 'What stands on it.' })
  label!: string
  @Field(() => String, { nullable: true, description: 'Where it leads; null where it leads nowhere.' })
  deepLink!: string | null
}

@ObjectType({ description: 'Where and when the app shows a message; null does not matter.' })
export class InAppTarget {
  @Field(() => [AppPlatformEnum], { nullable: true, description: 'On these platforms alone.' })
  platforms!: AppPlatform[] | null
  @Field(() => [String], { nullable: true, description: 'On these screens alone, by the app’s own names.' })
  screens!: string[] | null
  @Field(() => [String], { nullable: true, description: 'When the app sees one of these happen.' })
  events!: string[] | null
}

const instant = (millis: number | null): Date | null => (millis === null ? null : new Date(millis))
/** Liquid leaves empty text where it has nothing to say. */
const filled = (text: string | undefined): string | null => (text === undefined || text.trim() === '' ? null : text)

@ObjectType({
  implements: Node,
  description:
    'A message as the app shows it. One with a `key` takes the place of what was shown under it, so of two with one key the app keeps the later; the earlier is not found by its id any more.',
})
export class InAppMessage extends Node {
  constructor(readonly row: InAppRow) {
    super('InAppMessage', row.id)
  }
  private get content(): InAppContent {
    return this.row.content as unknown as InAppContent
  }
  @Field(() => InAppSurfaceEnum, { description: 'Where it shows.' })
  get surface(): Surface {
    return this.content.surface
  }
  @Field(() => String, { description: 'Its title.' })
  get title(): string {
    return this.content.title
  }
  @Field(() => String, { nullable: true, description: 'Its text.' })
  get body(): string | null {
    return filled(this.content.body)
  }
  @Field(() => String, { nullable: true, description: 'URL of its picture.' })
  get imageUrl(): string | null {
    return filled(this.content.imageUrl)
  }
  @Field(() => String, { nullable: true, description: 'Where it leads, the buttons aside.' })
  get deepLink(): string | null {
    return filled(this.content.deepLink)
  }
  @Field(() => [InAppButton], { description: 'Its buttons, in order.' })
  get buttons(): InAppButton[] {
    return (this.content.buttons ?? []).map(({ key, label, deepLink }) => ({ key, label, deepLink: filled(deepLink) }))
  }
  @Field(() => JsonObjectScalar, { description: 'Whatever the template says besides: text by name.' })
  get data(): Record<string, string> {
    return this.content.data ?? {}
  }
  @Field(() => String, { nullable: true, description: 'What it is the state of; null for a message that stands alone.' })
  get key(): string | null {
    return this.row.key
  }
  @Field(() => Int, { description: 'From 0 to 100; the highest is shown first.' })
  get priority(): number {
    return this.row.priority
  }
  @Field(() => InAppTarget, { description: 'Where and when the app shows it.' })
  get target(): InAppTarget {
    const { platforms, screens, events } = this.row
    return { platforms: platforms as AppPlatform[] | null, screens, events }
  }
  @Field(() => Boolean, { description: 'Whether it is to be seen; not any more once it was dismissed or has expired.' })
  get showing(): boolean {
    return this.row.showing
  }
  @Field(() => Int, {
    description: 'Goes up with each change, over all messages with its key: of two readings the one with the higher is the later.',
  })
  get revision(): number {
    return this.row.revision
  }
  @Field(() => DateTimeScalar, { description: 'When it was sent.' })
  get sentAt(): Date {
    return new Date(this.row.sent_at)
  }
  @Field(() => DateTimeScalar, { description: 'From when on the app must not show it.' })
  get expiresAt(): Date {
    return new Date(this.row.expires_at)
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When a session of the contact’s first saw it.' })
  get seenAt(): Date | null {
    return instant(this.row.seen_at)
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was first clicked.' })
  get clickedAt(): Date | null {
    return instant(this.row.clicked_at)
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was closed for good.' })
  get dismissedAt(): Date | null {
    return instant(this.row.dismissed_at)
  }
}

@ObjectType({ description: 'What became of a report.' })
export class InAppMessagePayload extends Payload {
  @Field(() => InAppMessage, {
    nullable: true,
    description: 'The message as it is now; null where another has taken its place, or the report was not taken.',
  })
  inAppMessage!: InAppMessage | null
}

export const InAppMessageConnection = connectionOf('InAppMessage', () => InAppMessage)
