import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { ThroughlineError } from '../../errors.ts'
import { createApiKey, listApiKeys, revokeApiKey } from '../../services/api-keys.ts'
import { issueContactToken } from '../../services/contact-tokens.ts'
import { rotateWorkspaceKey } from '../../services/workspace-keys.ts'
import { createWorkspace, getWorkspace, updateWorkspace } from '../../services/workspaces.ts'
import { soundReference } from '../contact-ref.ts'
import { contactLoader } from '../contacts/loaders.ts'
import { Contact } from '../contacts/types.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import {
  CreateApiKeyInput,
  CreateWorkspaceInput,
  IssueContactTokenInput,
  RevokeApiKeyInput,
  RotateWorkspaceKeyInput,
  UpdateWorkspaceInput,
} from './inputs.ts'
import {
  ApiKey,
  ApiKeyPayload,
  ContactTokenPayload,
  CreateApiKeyPayload,
  CreateWorkspacePayload,
  RotateWorkspaceKeyPayload,
  Workspace,
  WorkspacePayload,
} from './types.ts'

@Resolver()
export class WorkspaceResolver {
  @Query(() => Workspace, { description: 'The workspace the key belongs to.' })
  async workspace(@Ctx() context: ApiContext): Promise<Workspace> {
    return new Workspace(await getWorkspace(context.services, callerWith(context, 'read')))
  }

  @Query(() => [ApiKey], { description: 'The workspace’s keys, revoked ones included, oldest first. Needs the scope ADMIN.' })
  async apiKeys(@Ctx() context: ApiContext): Promise<ApiKey[]> {
    return (await listApiKeys(context.services, callerWith(context, 'admin'))).map((row) => new ApiKey(row))
  }

  @Mutation(() => CreateWorkspacePayload, { description: 'Adds a workspace. Needs the installation’s ADMIN_KEY.' })
  createWorkspace(
    @Arg('input', () => CreateWorkspaceInput) input: CreateWorkspaceInput,
    @Ctx() context: ApiContext,
  ): Promise<CreateWorkspacePayload> {
    if (context.caller !== null) throw new ThroughlineError('FORBIDDEN', 'Only the installation’s ADMIN_KEY creates workspaces.')
    return expected(async () => {
      const { id, secret } = await createWorkspace(context.services, input)
      const row = await getWorkspace(context.services, { workspaceId: id, keyId: null, scopes: ['admin'] })
      return { workspace: new Workspace(row), secret }
    })
  }

  @Mutation(() => WorkspacePayload, { description: 'Changes the workspace. Needs the scope ADMIN.' })
  updateWorkspace(@Arg('input', () => UpdateWorkspaceInput) input: UpdateWorkspaceInput, @Ctx() context: ApiContext): Promise<WorkspacePayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({ workspace: new Workspace(await updateWorkspace(context.services, caller, input)) }))
  }

  @Mutation(() => CreateApiKeyPayload, { description: 'Adds a key. Needs the scope ADMIN.' })
  createApiKey(@Arg('input', () => CreateApiKeyInput) input: CreateApiKeyInput, @Ctx() context: ApiContext): Promise<CreateApiKeyPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      const { row, secret } = await createApiKey(context.services, caller, input)
      return { apiKey: new ApiKey(row), secret }
    })
  }

  @Mutation(() => ApiKeyPayload, {
    description: 'Makes a key useless from the next request on, and ends what streams under it. Needs the scope ADMIN.',
  })
  revokeApiKey(@Arg('input', () => RevokeApiKeyInput) input: RevokeApiKeyInput, @Ctx() context: ApiContext): Promise<ApiKeyPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({ apiKey: new ApiKey(await revokeApiKey(context.services, caller, idOf('ApiKey', input.id, ['id']))) }))
  }

  @Mutation(() => RotateWorkspaceKeyPayload, {
    description:
      'Gives the workspace another key to seal contact details and credentials with; what is sealed already stays readable. CONFLICT while the last rotation is not in effect, which takes five minutes. Needs the scope ADMIN.',
  })
  rotateWorkspaceKey(
    @Arg('input', () => RotateWorkspaceKeyInput) input: RotateWorkspaceKeyInput,
    @Ctx() context: ApiContext,
  ): Promise<RotateWorkspaceKeyPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({ usedFrom: await rotateWorkspaceKey(context.services, caller, input) }))
  }

  @Mutation(() => ContactTokenPayload, {
    description:
      'Issues a token for the browser or app of one contact: with it they see and change their own consents, register and remove their own devices, and report what became of pushes to them; all else is FORBIDDEN. Needs the scope WRITE.',
  })
  issueContactToken(
    @Arg('input', () => IssueContactTokenInput) input: IssueContactTokenInput,
    @Ctx() context: ApiContext,
  ): Promise<ContactTokenPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const issued = await issueContactToken(context.services, caller, { ...input, contact: soundReference(input.contact) })
      const row = await contactLoader(context).load(issued.contactId)
      return { ...issued, contact: row === null ? null : new Contact(row) }
    })
  }
}
