import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { BroadcastStatus } from '../../domain/broadcast.ts'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { Condition } from '../../domain/condition/condition.ts'
import type { DevicePolicy } from '../../domain/gate.ts'
import type { JsonObject } from '../../domain/json.ts'

export const BroadcastTable = defineEntity({
  name: 'Broadcast',
  tableName: 'broadcast',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    templateId: p.uuid(),
    channel: p.string().$type<Channel>(),
    devices: p.string().$type<DevicePolicy>().nullable(),
    topicId: p.uuid().nullable(),
    purpose: p.string().$type<Purpose>(),
    audience: p.json().$type<Condition>().nullable(),
    /** How many contacts it was given by name; who, only the job reads. */
    listed: p.integer().nullable(),
    vars: p.json().$type<JsonObject>(),
    perSecond: p.integer(),
    status: p.string().$type<BroadcastStatus>(),
    startsAt: p.datetime(),
    runner: p.uuid().nullable(),
    handed: p.integer(),
    createdAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  },
})

export type BroadcastRow = InferEntity<typeof BroadcastTable>
