import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel } from '../../domain/channel.ts'
import type { KeywordAction } from '../../domain/keywords.ts'

export const KeywordRuleTable = defineEntity({
  name: 'KeywordRule',
  tableName: 'keyword_rule',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    channel: p.string().$type<Channel>(),
    action: p.string().$type<KeywordAction>(),
    keywords: p.array(),
    templateId: p.uuid().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type KeywordRuleRow = InferEntity<typeof KeywordRuleTable>
