import { Field, ObjectType, registerEnumType } from 'type-graphql'
import type { listApiKeys, Scope } from '../../services/api-keys.ts'
import type { getWorkspace } from '../../services/workspaces.ts'
import { Contact } from '../contacts/types.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, TimeZoneScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

type WorkspaceRow = Awaited<ReturnType<typeof getWorkspace>>
type ApiKeyRow = Awaited<ReturnType<typeof listApiKeys>>[number]

export const ScopeEnum = { ADMIN: 'admin', WRITE: 'write', READ: 'read', INGEST: 'ingest' } as const satisfies Record<string, Scope>
registerEnumType(ScopeEnum, {
  name: 'Scope',
  description: 'What an API key may do.',
  valuesConfig: {
    ADMIN: { description: 'Everything, keys and provider connections included.' },
    WRITE: { description: 'Reading, ingesting, and changing all but keys, connections, webhook addresses, secrets and the workspace itself.' },
    READ: { description: 'Queries and subscriptions.' },
    INGEST: { description: 'Sending events, and nothing else: for the keys that stand in most places.' },
  },
})

@ObjectType({ implements: Node, description: 'Everything of one customer’s. Nothing in it is visible from another.' })
export class Workspace extends Node {
  constructor(private readonly row: WorkspaceRow) {
    super('Workspace', row.id)
  }
  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => TimeZoneScalar, { description: 'Stands in for the zone of contacts who have none.' })
  get timeZone(): string {
    return this.row.timeZone
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

@ObjectType({ implements: Node, description: 'A key to the workspace. Only its hash is kept.' })
export class ApiKey extends Node {
  constructor(private readonly row: ApiKeyRow) {
    super('ApiKey', row.id)
  }
  @Field(() => String, { description: 'Where it is used, for people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { description: 'How the key begins, to recognise it by.' })
  get prefix(): string {
    return this.row.prefix
  }
  @Field(() => [ScopeEnum], { description: 'What it may do.' })
  get scopes(): string[] {
    return this.row.scopes
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it stops working; null: never.' })
  get expiresAt(): Date | null {
    return this.row.expiresAt ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when it does not work any more.' })
  get revokedAt(): Date | null {
    return this.row.revokedAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

@ObjectType({ description: 'What became of the workspace.' })
export class WorkspacePayload extends Payload {
  @Field(() => Workspace, { nullable: true, description: 'null where nothing was done.' })
  workspace!: Workspace | null
}

@ObjectType({ description: 'A new workspace.' })
export class CreateWorkspacePayload extends WorkspacePayload {
  @Field(() => String, { nullable: true, description: 'Its first key, with the scope ADMIN. Answered this once and kept nowhere.' })
  secret!: string | null
}

@ObjectType({ description: 'What became of a key.' })
export class ApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'null where nothing was done.' })
  apiKey!: ApiKey | null
}

@ObjectType({ description: 'A new key.' })
export class CreateApiKeyPayload extends ApiKeyPayload {
  @Field(() => String, {
    nullable: true,
    description: 'The key itself. Answered this once and kept nowhere, but where there is an idempotencyKey: sealed, for a repetition.',
  })
  secret!: string | null
}

@ObjectType({ description: 'Another data key.' })
export class RotateWorkspaceKeyPayload extends Payload {
  @Field(() => DateTimeScalar, { nullable: true, description: 'From when on the new key seals; null where nothing was done.' })
  usedFrom!: Date | null
}

@ObjectType({ description: 'A token for one contact.' })
export class ContactTokenPayload extends Payload {
  @Field(() => String, {
    nullable: true,
    description: 'To be sent as `Authorization: Bearer`, or in `connection_init`. Answered this once and kept nowhere.',
  })
  token!: string | null
  @Field(() => DateTimeScalar, { nullable: true, description: 'Until when it works, unless the key that asked for it is revoked before.' })
  expiresAt!: Date | null
  @Field(() => Contact, { nullable: true, description: 'Whose it is; null where nothing was done.' })
  contact!: Contact | null
}
