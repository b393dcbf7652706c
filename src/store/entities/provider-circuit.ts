import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const ProviderCircuitTable = defineEntity({
  name: 'ProviderCircuit',
  tableName: 'provider_circuit',
  properties: {
    connectionId: p.uuid().primary(),
    workspaceId: p.uuid(),
    failures: p.integer(),
    openUntil: p.datetime().nullable(),
    code: p.string(),
    failedAt: p.datetime(),
  },
})

export type ProviderCircuitRow = InferEntity<typeof ProviderCircuitTable>
