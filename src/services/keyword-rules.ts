import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { Channel } from '../domain/channel.ts'
import { CONTENT } from '../domain/content.ts'
import { isStorable, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import { KEYWORD_ACTIONS, type KeywordAction, normalise, refuseWord } from '../domain/keywords.ts'
import type { Shape } from '../domain/shape.ts'
import { ThroughlineError } from '../errors.ts'
import { type KeywordRuleRow, KeywordRuleTable } from '../store/entities/keyword-rule.ts'
import { TemplateTable } from '../store/entities/template.ts'
import { TemplateVersionTable } from '../store/entities/template-version.ts'
import { WorkspaceTable } from '../store/entities/workspace.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, isId } from './input.ts'
import { faultAmong, liquidFaults } from './liquid-faults.ts'

/** How a text answers on each channel that people write on. */
const CONTENT_OF = {
  sms: (body: string): JsonObject => ({ body }),
  rcs: (body: string): JsonObject => ({ body }),
  whatsapp: (text: string): JsonObject => ({ category: 'SERVICE', session: { text } }),
} as const satisfies Partial<Record<Channel, (text: string) => JsonObject>>
type TwoWay = keyof typeof CONTENT_OF
const isTwoWay = (channel: Channel): channel is TwoWay => Object.hasOwn(CONTENT_OF, channel)

export interface SetKeywordRule {
  /** The rule to change; a new one where left out. */
  id?: string | null | undefined
  channel: Channel
  action: KeywordAction
  keywords: string[]
  replies: { locale: string; text: string }[]
  idempotencyKey?: string | null | undefined
}

const MOST_RULES = 200

/** By age. */
export async function listKeywordRules(services: Services, caller: Caller): Promise<KeywordRuleRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(KeywordRuleTable, {}, { orderBy: { id: 'asc' }, limit: MOST_RULES }))
}

/**
 * Makes a rule, or changes one. Its answer is kept as a template of its own, so that it has locales, versions and a
 * place in the ledger like everything else that is sent. A word belongs to one rule of its channel.
 */
export async function setKeywordRule(services: Services, caller: Caller, input: SetKeywordRule): Promise<KeywordRuleRow> {
  const { channel, action } = input
  if (!isTwoWay(channel))
    throw new ThroughlineError('INVALID_INPUT', `must be one of ${Object.keys(CONTENT_OF).join(', ')}, on which people write back`, {
      path: ['channel'],
    })
  if (!KEYWORD_ACTIONS.includes(action))
    throw new ThroughlineError('INVALID_INPUT', `must be one of ${KEYWORD_ACTIONS.join(', ')}`, { path: ['action'] })
  const keywords = wordsOf(input)
  const variants = variantsOf(channel, input)
  await refuseBroken(services, input)
  const id = await once(services, caller, 'setKeywordRule', input.idempotencyKey, input, async (em) => {
    // One at a time, or two could take the same word.
    await em.findOneOrFail(WorkspaceTable, { id: caller.workspaceId }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    const all = await em.find(KeywordRuleTable, {})
    const known = input.id == null ? null : all.find((each) => each.id === input.id)
    if (known === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such rule.', { path: ['id'] })
    if (known === null && all.length >= MOST_RULES) throw new ThroughlineError('INVALID_INPUT', `There are ${MOST_RULES} rules already.`)
    refuseTaken(
      { channel, action, keywords },
      all.filter((each) => each !== known),
    )
    const now = new Date()
    const rule =
      known ??
      em.create(KeywordRuleTable, { id: newId(), workspaceId: caller.workspaceId, channel, action, keywords, createdAt: now, updatedAt: now })
    if (known?.channel !== undefined && known.channel !== channel)
      throw new ThroughlineError('INVALID_INPUT', 'never changes; make another rule', { path: ['channel'] })
    Object.assign(rule, { action, keywords, updatedAt: now })
    rule.templateId = variants.length === 0 ? null : await keepReply(em, rule, variants, now)
    await em.flush()
    return rule.id
  })
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(KeywordRuleTable, { id }))
}

/** Forgets a rule. Its template stays, because messages refer to it. */
export async function removeKeywordRule(services: Services, caller: Caller, id: string): Promise<string> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const rule = isId(id) ? await em.findOne(KeywordRuleTable, { id }) : null
    if (rule === null) throw new ThroughlineError('NOT_FOUND', 'There is no such rule.', { path: ['id'] })
    em.remove(rule)
    await em.flush()
    return id
  })
}

function wordsOf({ keywords, action }: SetKeywordRule): string[] {
  if (keywords.length > 50) throw new ThroughlineError('INVALID_INPUT', 'must have at most 50 entries', { path: ['keywords'] })
  if (keywords.length === 0 && action === 'REPLY') throw new ThroughlineError('INVALID_INPUT', 'must not be empty', { path: ['keywords'] })
  return [
    ...new Set(
      keywords.map((word, index) => {
        const refusal = isStorable(word) ? refuseWord(word, action) : UNSTORABLE
        if (refusal !== null) throw new ThroughlineError('INVALID_INPUT', refusal, { path: ['keywords', String(index)] })
        return normalise(word)
      }),
    ),
  ]
}

function variantsOf(channel: TwoWay, { replies, action, keywords }: SetKeywordRule) {
  const answersOnly = action === 'REPLY' || keywords.length === 0
  if (answersOnly && replies.length === 0) throw new ThroughlineError('INVALID_INPUT', 'must have a text', { path: ['replies'] })
  return replies.map(({ locale, text }, index) => {
    const path = ['replies', String(index)]
    if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(locale))
      throw new ThroughlineError('INVALID_INPUT', 'is not a BCP 47 language tag', { path: [...path, 'locale'] })
    if (replies.findIndex((each) => each.locale === locale) !== index)
      throw new ThroughlineError('INVALID_INPUT', 'is there twice', { path: [...path, 'locale'] })
    const content = conform(CONTENT[channel].shape as unknown as Shape<JsonObject>, CONTENT_OF[channel](text), [...path, 'text'])
    return { locale, content }
  })
}

async function refuseBroken(services: Services, { replies }: SetKeywordRule): Promise<void> {
  const texts = replies.map(({ text }) => text)
  const faults = await liquidFaults(services, texts)
  texts.forEach((text, index) => {
    const fault = faultAmong(faults, text) ?? null
    if (fault !== null) throw new ThroughlineError('TEMPLATE_INVALID', fault, { path: ['replies', String(index), 'text'] })
  })
}

function refuseTaken(rule: Pick<KeywordRuleRow, 'channel' | 'action' | 'keywords'>, others: readonly KeywordRuleRow[]): void {
  const here = others.filter((each) => each.channel === rule.channel)
  rule.keywords.forEach((word, index) => {
    if (here.some((each) => each.keywords.includes(word)))
      throw new ThroughlineError('CONFLICT', 'belongs to another rule', { path: ['keywords', String(index)] })
  })
  if (rule.keywords.length === 0 && here.some((each) => each.keywords.length === 0 && each.action === rule.action))
    throw new ThroughlineError('CONFLICT', 'Another rule answers the built-in words.', { path: ['keywords'] })
}

/** The next version of the rule's template; the first makes it. */
async function keepReply(em: EntityManager, rule: KeywordRuleRow, variants: { locale: string; content: JsonObject }[], now: Date): Promise<string> {
  const { workspaceId, channel } = rule
  const known = rule.templateId == null ? null : await em.findOne(TemplateTable, { id: rule.templateId }, { lockMode: LockMode.PESSIMISTIC_WRITE })
  const template =
    known ??
    em.create(TemplateTable, {
      id: newId(),
      workspaceId,
      name: `Automatic reply ${rule.id}`,
      channel,
      version: 0,
      createdAt: now,
      updatedAt: now,
    })
  template.version += 1
  template.updatedAt = now
  await em.flush()
  const version = { templateId: template.id, number: template.version, workspaceId, variants, variables: [], whenUnknown: 'HOLD' as const }
  em.create(TemplateVersionTable, { ...version, createdAt: now })
  return template.id
}
