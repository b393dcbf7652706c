import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { attachmentsByIds, listAttachments, uploadAttachment } from '../../services/attachments.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { expected } from '../user-error.ts'
import { UploadAttachmentInput } from './inputs.ts'
import { Attachment, AttachmentConnection, AttachmentPayload } from './types.ts'

@Resolver()
export class AttachmentResolver {
  @Query(() => AttachmentConnection, { description: 'Files that mails can attach, newest first.' })
  attachments(@Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<Attachment>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listAttachments(context.services, caller, slice),
      (row) => row.id,
      (row) => new Attachment(row),
    )
  }

  @Mutation(() => AttachmentPayload, { description: 'Keeps a file; templates attach it by its `file`. Needs the scope WRITE.' })
  uploadAttachment(@Arg('input', () => UploadAttachmentInput) input: UploadAttachmentInput, @Ctx() context: ApiContext): Promise<AttachmentPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const id = await uploadAttachment(context.services, caller, input)
      const row = (await attachmentsByIds(context.services, caller, [id])).get(id)
      return { attachment: row === undefined ? null : new Attachment(row) }
    })
  }
}
