import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { DeliveryStatus, FailureClass } from '../../domain/delivery.ts'
import type { JsonObject } from '../../domain/json.ts'

export const MessageTable = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    enrollmentId: p.uuid().nullable(),
    journeyId: p.uuid().nullable(),
    versionId: p.uuid().nullable(),
    node: p.string().nullable(),
    broadcastId: p.uuid().nullable(),
    visit: p.integer(),
    channel: p.string().$type<Channel>(),
    purpose: p.string().$type<Purpose>(),
    topicId: p.uuid().nullable(),
    templateId: p.uuid(),
    templateVersion: p.integer().nullable(),
    identityId: p.uuid().nullable(),
    connectionId: p.uuid().nullable(),
    provider: p.string().nullable(),
    providerMessageId: p.string().nullable(),
    status: p.string().$type<DeliveryStatus>(),
    dueAt: p.datetime().nullable(),
    attempt: p.integer(),
    dedupeKey: p.string().nullable(),
    failureCode: p.string().nullable(),
    failureClass: p.string().$type<FailureClass>().nullable(),
    failureMessage: p.string().nullable(),
    openedAt: p.datetime().nullable(),
    clickedAt: p.datetime().nullable(),
    repliedAt: p.datetime().nullable(),
    machineOpenedAt: p.datetime().nullable(),
    machineClickedAt: p.datetime().nullable(),
    variables: p.json().$type<JsonObject>().nullable(),
    cost: p.decimal().nullable(),
    plannedAt: p.datetime(),
    dispatchingAt: p.datetime().nullable(),
    sentAt: p.datetime().nullable(),
    deliveredAt: p.datetime().nullable(),
  },
})

export type MessageRow = InferEntity<typeof MessageTable>
