import type { NodeKind } from './node-kind.ts'
import { branch } from './nodes/branch.ts'
import { delay } from './nodes/delay.ts'
import { escalation } from './nodes/escalation.ts'
import { exit } from './nodes/exit.ts'
import { messageKind } from './nodes/message.ts'
import { multi } from './nodes/multi.ts'
import { repeat } from './nodes/repeat.ts'
import { apiTrigger, contactTrigger, eventTrigger, inactivityTrigger } from './nodes/triggers.ts'
import { update } from './nodes/update.ts'
import { wait } from './nodes/wait.ts'
import { webhook } from './nodes/webhook.ts'

/** Every node kind there is. A new one is its file and its line here. */
const ALL = [
  eventTrigger,
  apiTrigger,
  contactTrigger,
  inactivityTrigger,
  messageKind('email', 'email', 'Email', 'mail'),
  messageKind('sms', 'sms', 'SMS', 'message-square'),
  messageKind('push', 'push', 'Push notification', 'bell'),
  messageKind('web_push', 'web_push', 'Web push notification', 'app-window'),
  messageKind('in_app', 'in_app', 'In-app message', 'smartphone'),
  messageKind('whatsapp', 'whatsapp', 'WhatsApp message', 'message-circle'),
  messageKind('rcs', 'rcs', 'RCS message', 'messages-square'),
  multi,
  escalation,
  delay,
  wait,
  branch,
  repeat,
  update,
  webhook,
  exit,
] as const

/** A kind whose configuration type is known only to itself. */
export type AnyKind = NodeKind<unknown>

const KINDS: ReadonlyMap<string, AnyKind> = new Map(ALL.map((kind) => [kind.kind, kind as unknown as AnyKind]))

export function kindOf(name: string): AnyKind | undefined {
  return KINDS.get(name)
}

export function allKinds(): readonly AnyKind[] {
  return [...KINDS.values()]
}
