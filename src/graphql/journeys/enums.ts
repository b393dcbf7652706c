import { registerEnumType } from 'type-graphql'
import { DEVICE_POLICIES } from '../../domain/gate.ts'
import { JOURNEY_STATUSES, PROBLEM_CODES, REENTRY_RULES } from '../../domain/journey/graph.ts'
import { ANCHORS } from '../../domain/journey/nodes/delay.ts'
import { FOLLOW_UPS } from '../../domain/journey/nodes/message.ts'
import { enumOf } from '../enum-of.ts'

export const JourneyStatusEnum = enumOf(JOURNEY_STATUSES)
registerEnumType(JourneyStatusEnum, {
  name: 'JourneyStatus',
  description: 'Where a journey stands.',
  valuesConfig: {
    DRAFT: { description: 'Never published.' },
    LIVE: { description: 'Lets people in.' },
    PAUSED: { description: 'Refuses entries and freezes timers and sends; exits and goals go on.' },
    COMPLETED: { description: 'Over by its own schedule.' },
    ARCHIVED: { description: 'Over for good.' },
  },
})

export const ReentryRuleEnum = enumOf(REENTRY_RULES)
registerEnumType(ReentryRuleEnum, {
  name: 'ReentryRule',
  description: 'How often somebody may enter, per contact and key.',
  valuesConfig: {
    ONCE: { description: 'Once ever.' },
    ONE_AT_A_TIME: { description: 'Not while an enrollment is running, nor within `notWithin` of the last entry.' },
    EVERY_TIME: { description: 'Once per event.' },
  },
})

export const DelayAnchorEnum = enumOf(ANCHORS)
registerEnumType(DelayAnchorEnum, {
  name: 'DelayAnchor',
  description: 'What a delay’s duration is counted from.',
  valuesConfig: {
    PREVIOUS_STEP: { description: 'Arrival at the delay.' },
    ENTRY: { description: 'Entry into the journey.' },
    EVENT_TIME: { description: 'When the event that started the enrollment occurred.' },
    ATTRIBUTE: { description: 'A date among the contact’s attributes.' },
  },
})

export const DevicePolicyEnum = enumOf(DEVICE_POLICIES)
registerEnumType(DevicePolicyEnum, {
  name: 'DevicePolicy',
  description: 'To which of a contact’s devices a message goes, of those that are active.',
  valuesConfig: {
    MOST_RECENT: { description: 'The one seen last.' },
    PER_PLATFORM: { description: 'The one seen last of each platform.' },
    ALL: { description: 'All of them, up to 20.' },
  },
})

export const FollowUpStatusEnum = enumOf(FOLLOW_UPS)
registerEnumType(FollowUpStatusEnum, {
  name: 'FollowUpStatus',
  description: 'What became of a message. A higher one calls off what a lower one had armed: SENT < DELIVERED < OPENED < CLICKED < REPLIED.',
  valuesConfig: {
    SENT: { description: 'The provider accepted it.' },
    DELIVERED: { description: 'It arrived.' },
    OPENED: { description: 'A person opened or read it; machines do not count.' },
    CLICKED: { description: 'A person clicked in it.' },
    REPLIED: { description: 'A person answered it.' },
    FAILED: { description: 'It could not be delivered.' },
    IGNORED: { description: 'No person engaged within `after`, counted from acceptance.' },
  },
})

type ProblemCode = keyof typeof PROBLEM_CODES
export const ProblemCodeEnum = enumOf(Object.keys(PROBLEM_CODES) as ProblemCode[])
registerEnumType(ProblemCodeEnum, {
  name: 'GraphProblemCode',
  description: 'What keeps a graph from being published.',
  valuesConfig: Object.fromEntries(Object.entries(PROBLEM_CODES).map(([code, description]) => [code, { description }])) as Record<
    ProblemCode,
    { description: string }
  >,
})

export const ContactChangeEnum = enumOf(['CREATED', 'CHANGED'])
registerEnumType(ContactChangeEnum, {
  name: 'ContactChangeKind',
  description: 'What happened to a contact.',
  valuesConfig: {
    CREATED: { description: 'It was seen for the first time.' },
    CHANGED: { description: 'An attribute, a tag or another field changed.' },
  },
})

export const GoalReachedEnum = enumOf(['CONVERT', 'RECORD'])
registerEnumType(GoalReachedEnum, {
  name: 'OnGoalReached',
  description: 'What reaching a goal does.',
  valuesConfig: { CONVERT: { description: 'Ends the enrollment as converted.' }, RECORD: { description: 'Is noted; the enrollment goes on.' } },
})

export const OverduePolicyEnum = enumOf(['RESCHEDULE', 'SEND_LATE', 'SKIP'])
registerEnumType(OverduePolicyEnum, {
  name: 'OverduePolicy',
  description: 'What becomes of what fell due during a pause; smoothed, whichever it is.',
  valuesConfig: {
    RESCHEDULE: { description: 'Waits start anew from now. The default.' },
    SEND_LATE: { description: 'Waits end and messages go out, late.' },
    SKIP: { description: 'Waits end; messages the pause held back are given up.' },
  },
})

export const DirectionEnum = enumOf(['BEFORE', 'AFTER'])
registerEnumType(DirectionEnum, {
  name: 'OffsetDirection',
  description: 'Which way an offset moves a date.',
  valuesConfig: { BEFORE: { description: 'Earlier.' }, AFTER: { description: 'Later. The default.' } },
})
