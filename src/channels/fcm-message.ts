import { createHash } from 'node:crypto'
import type { Message } from 'firebase-admin/messaging'
import { type PushContent, type PushPlatform, pushData } from '../domain/content/push.ts'
import type { OutgoingMessage } from '../domain/delivery.ts'
import { durationMillis } from '../domain/duration.ts'

const LONGEST_TTL = 28 * 86_400_000

/**
 * The message FCM is asked to deliver: a block for the device's platform, or for both where it is not known. `now` is
 * Unix milliseconds.
 */
export function fcmMessage(message: OutgoingMessage, now: number): Message {
  const content = message.content as unknown as PushContent
  // The same for a repetition of this message, so that a doubled notification replaces itself on the device.
  const collapse = content.collapseKey || message.id
  const platform = message.platform === 'android' || message.platform === 'ios' ? message.platform : null
  const ttl = (of: PushPlatform) => lifeOf(content, of, message.usefulFor)
  return {
    token: message.address,
    notification: { title: content.title, body: content.body, ...(content.imageUrl ? { imageUrl: content.imageUrl } : {}) },
    data: pushData(content, message.id, platform),
    ...(platform === 'ios' ? {} : { android: androidBlock(content, collapse, ttl('android'), message.id, platform) }),
    ...(platform === 'android' ? {} : { apns: apnsBlock(content, collapse, ttl('ios'), now, platform) }),
  }
}

/** Milliseconds; null: as long as FCM keeps anything. */
function lifeOf(content: PushContent, platform: PushPlatform, usefulFor: number | undefined): number | null {
  const own = content[platform]?.ttl ?? content.ttl
  const ends = [own === undefined ? [] : durationMillis(own), usefulFor ?? []].flat()
  return ends.length === 0 ? null : Math.min(...ends, LONGEST_TTL)
}

function androidBlock(content: PushContent, collapse: string, ttl: number | null, messageId: string, platform: PushPlatform | null) {
  const { channelId, priority, color, icon, sound, deepLink } = content.android ?? {}
  return {
    priority: priority === 'NORMAL' ? 'normal' : 'high',
    // Only the author's: FCM keeps four keys per device and drops an arbitrary one beyond, so ours would lose messages.
    ...(content.collapseKey ? { collapseKey: content.collapseKey } : {}),
    ...(ttl === null ? {} : { ttl }),
    // A device of a platform not known: what is for Android alone takes the place of what is for all.
    ...(platform === null && deepLink ? { data: pushData(content, messageId, 'android') } : {}),
    notification: {
      tag: collapse,
      ...(channelId ? { channelId } : {}),
      ...(color ? { color } : {}),
      ...(icon ? { icon } : {}),
      ...(sound ? { sound } : {}),
    },
  } satisfies NonNullable<Message['android']>
}

/** Apple takes 64 bytes and refuses every message with more: what does not fit, or is no text for a header, goes as a digest. */
function headerOf(collapse: string): string {
  return /^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(collapse) ? collapse : createHash('sha256').update(collapse).digest('base64url')
}

/** https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification */
const LEVELS = { PASSIVE: 'passive', ACTIVE: 'active', TIME_SENSITIVE: 'time-sensitive', CRITICAL: 'critical' } as const

function apnsBlock(
  content: PushContent,
  collapse: string,
  ttl: number | null,
  now: number,
  platform: PushPlatform | null,
): NonNullable<Message['apns']> {
  const { title, body, imageUrl, actions, ios = {} } = content
  const { subtitle, badge, sound, category, threadId, interruptionLevel, mutableContent, priority, deepLink } = ios
  return {
    headers: {
      'apns-priority': priority === 'NORMAL' ? '5' : '10',
      'apns-collapse-id': headerOf(collapse),
      ...(ttl === null ? {} : { 'apns-expiration': String(ttl === 0 ? 0 : Math.floor((now + ttl) / 1_000)) }),
    },
    payload: {
      aps: {
        // An alert replaces what FCM makes of the notification, so it says all of it.
        ...(subtitle ? { alert: { title, subtitle, body } } : {}),
        ...(badge === undefined ? {} : { badge }),
        sound: interruptionLevel === 'CRITICAL' ? { critical: true, name: sound || 'default', volume: 1 } : sound || 'default',
        ...(category ? { category } : {}),
        ...(threadId ? { threadId } : {}),
        ...(interruptionLevel ? { 'interruption-level': LEVELS[interruptionLevel] } : {}),
        // So that the app's extension may fetch the picture, and make buttons.
        ...(imageUrl || actions || mutableContent ? { mutableContent: true } : {}),
      },
      // Beside `aps` stands what is for the app, in the place of data of the same name.
      ...(platform === null && deepLink ? { deep_link: deepLink } : {}),
    },
    ...(imageUrl ? { fcmOptions: { imageUrl } } : {}),
  }
}
