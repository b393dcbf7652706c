import { isObject } from '../domain/json.ts'
import { NO_SLOTS, type ProviderTemplate, templateStatus } from '../domain/whatsapp-template.ts'
import { ThroughlineError } from '../errors.ts'
import type { TwilioClient } from './twilio-client.ts'

/** Far more than anybody has approved; a bound, so that a paging fault ends. */
const MOST = 10_000

/** Every content of the account with what WhatsApp says of it: https://www.twilio.com/docs/content/content-api-resources. */
export async function readContents(client: TwilioClient): Promise<ProviderTemplate[]> {
  try {
    const contents = await client.api.content.v1.contentAndApprovals.list({ pageSize: 100, limit: MOST })
    return contents.map(({ sid, friendlyName, language, types, approvalRequests }) => {
      const approval = approvalOf(approvalRequests)
      return {
        providerId: sid,
        name: friendlyName,
        language,
        category: approval.category,
        status: templateStatus(approval.status),
        reason: approval.reason,
        components: types,
        slots: { ...NO_SLOTS, variables: placeholdersOf(types) },
      }
    })
  } catch (error) {
    throw new ThroughlineError('UNAVAILABLE', 'The provider does not say which templates it has.', { cause: error })
  } finally {
    await client.close()
  }
}

/** One approval stands by itself, several under the channels' names. */
function approvalOf(requests: unknown): { status: string; category: string | null; reason: string | null } {
  const given = isObject(requests) ? (isObject(requests.whatsapp) ? requests.whatsapp : requests) : {}
  const { status, category, rejection_reason: reason } = given
  return {
    status: typeof status === 'string' ? status : 'UNSUBMITTED',
    category: typeof category === 'string' && category !== '' ? category.toUpperCase() : null,
    reason: typeof reason === 'string' && reason !== '' ? reason : null,
  }
}

/** Wherever they stand: in texts, addresses of media and buttons, and cards. */
function placeholdersOf(types: unknown): string[] {
  return [...new Set([...JSON.stringify(types ?? {}).matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ''))]
}
