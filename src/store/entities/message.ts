import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { DeliveryStatus, FailureClass } from '../../domain/delivery.ts'
import type { JsonObject } from '../../domain/json.ts'
import { bytes, instant, lane } from './columns.ts'

/** Written by the tick and the sender alone; read here. */
export const MessageEntity = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    enrollmentId: p.uuid().strictNullable(),
    journeyId: p.uuid().strictNullable(),
    versionId: p.uuid().strictNullable(),
    node: p.text().strictNullable(),
    visit: p.integer(),
    channel: p.text().$type<Channel>(),
    purpose: p.text().$type<Purpose>(),
    topicId: p.uuid().strictNullable(),
    templateId: p.uuid(),
    templateVersion: p.integer().strictNullable(),
    identityId: p.uuid().strictNullable(),
    connectionId: p.uuid().strictNullable(),
    provider: p.text().strictNullable(),
    providerMessageId: p.text().strictNullable(),
    status: p.text().$type<DeliveryStatus>(),
    dueAt: instant().strictNullable(),
    attempt: p.integer(),
    dedupeKey: p.text().strictNullable(),
    failureCode: p.text().strictNullable(),
    failureClass: p.text().$type<FailureClass>().strictNullable(),
    failureMessage: p.text().strictNullable(),
    openedAt: instant().strictNullable(),
    clickedAt: instant().strictNullable(),
    repliedAt: instant().strictNullable(),
    machineOpenedAt: instant().strictNullable(),
    machineClickedAt: instant().strictNullable(),
    variables: p.json().$type<JsonObject>().strictNullable(),
    /** Sealed: what was sent, once it was rendered. */
    content: bytes().strictNullable(),
    /** Decimal text, exact. */
    cost: p.decimal('string').strictNullable(),
    plannedAt: instant(),
    dispatchingAt: instant().strictNullable(),
    sentAt: instant().strictNullable(),
    deliveredAt: instant().strictNullable(),
  },
})
export type MessageRow = InferEntity<typeof MessageEntity>
