import { afterAll, beforeAll, expect, test } from 'vitest'
import { listKeywordRules, removeKeywordRule, type SetKeywordRule, setKeywordRule } from '../../src/services/keyword-rules.ts'
import { templatesByIds } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const HOURS: SetKeywordRule = { channel: 'sms', action: 'REPLY', keywords: ['Hours', 'OPEN.'], replies: [{ locale: 'en', text: 'We open at 9' }] }

test('a rule keeps its words normalised, and its answer as a template with versions', async () => {
  const caller = await here.workspace()
  const made = await setKeywordRule(here.services, caller, { ...HOURS, keywords: ['Hours', ' hours!', 'OPEN.'] })
  expect(made).toMatchObject({ channel: 'sms', action: 'REPLY', keywords: ['hours', 'open'] })
  const templateId = made.templateId ?? expect.fail('no template')
  const replies = [
    { locale: 'de', text: 'Ab 9' },
    { locale: 'en', text: 'From 9' },
  ]
  const changed = await setKeywordRule(here.services, caller, { ...HOURS, id: made.id, replies })
  expect(changed).toMatchObject({ id: made.id, templateId })
  const { template, version } = (await templatesByIds(here.services, caller, [templateId])).get(templateId) ?? expect.fail('no template')
  expect([template.channel, template.version, version.variants]).toEqual([
    'sms',
    2,
    replies.map(({ locale, text }) => ({ locale, content: { body: text } })),
  ])
  expect(await removeKeywordRule(here.services, caller, made.id)).toBe(made.id)
  expect(await listKeywordRules(here.services, caller)).toEqual([])
  expect((await templatesByIds(here.services, caller, [templateId])).size).toBe(1)
})

test('opting out needs no answer, and an answer to the built-in words needs no words', async () => {
  const caller = await here.workspace()
  const silent = await setKeywordRule(here.services, caller, { channel: 'rcs', action: 'OPT_OUT', keywords: ['nein danke'], replies: [] })
  expect(silent.templateId).toBeNull()
  const help = { channel: 'whatsapp', action: 'HELP', keywords: [], replies: [{ locale: 'en', text: 'Ask Ada' }] } as const
  const answered = await setKeywordRule(here.services, caller, { ...help, keywords: [], replies: [...help.replies] })
  const { version } = (await templatesByIds(here.services, caller, [answered.templateId ?? ''])).get(answered.templateId ?? '') ?? expect.fail()
  expect(version.variants).toEqual([{ locale: 'en', content: { category: 'SERVICE', session: { text: 'Ask Ada' } } }])
  expect(await faultOf(setKeywordRule(here.services, caller, { ...help, keywords: [], replies: [...help.replies] }))).toEqual({
    code: 'CONFLICT',
    path: ['keywords'],
  })
})

test.each([
  [{ channel: 'email' }, 'INVALID_INPUT', ['channel']],
  [{ action: 'SHOUT' }, 'INVALID_INPUT', ['action']],
  [{ keywords: [] }, 'INVALID_INPUT', ['keywords']],
  [{ keywords: ['ok', 'STOP'] }, 'INVALID_INPUT', ['keywords', '1']],
  [{ keywords: ['\0'] }, 'INVALID_INPUT', ['keywords', '0']],
  [{ replies: [] }, 'INVALID_INPUT', ['replies']],
  [{ replies: [{ locale: 'English', text: 'x' }] }, 'INVALID_INPUT', ['replies', '0', 'locale']],
  [{ replies: [...HOURS.replies, ...HOURS.replies] }, 'INVALID_INPUT', ['replies', '1', 'locale']],
  [{ replies: [{ locale: 'en', text: '{% if %}' }] }, 'TEMPLATE_INVALID', ['replies', '0', 'text']],
  [{ replies: [...HOURS.replies, { locale: 'de', text: '{% render "x" %}' }] }, 'TEMPLATE_INVALID', ['replies', '1', 'text']],
  [{ replies: [{ locale: 'en', text: 'x'.repeat(1_601) }] }, 'INVALID_INPUT', ['replies', '0', 'text', 'body']],
  [{ id: newId() }, 'NOT_FOUND', ['id']],
])('%j is refused', async (change, code, path) => {
  const caller = await here.workspace()
  expect(await faultOf(setKeywordRule(here.services, caller, { ...HOURS, ...change } as SetKeywordRule))).toEqual({ code, path })
  expect(await listKeywordRules(here.services, caller)).toEqual([])
})

test('of ten who want a word at once one has it; another channel and another workspace have their own', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const answers = await Promise.all(Array.from({ length: 10 }, () => faultOf(setKeywordRule(here.services, mine, HOURS))))
  expect(answers.filter((each) => each.code === undefined)).toHaveLength(1)
  expect(answers.filter((each) => each.code === 'CONFLICT')).toHaveLength(9)
  await setKeywordRule(here.services, mine, { ...HOURS, channel: 'rcs' })
  const theirs = await setKeywordRule(here.services, other, HOURS)
  expect(await listKeywordRules(here.services, mine)).toHaveLength(2)
  expect(await faultOf(removeKeywordRule(here.services, mine, theirs.id))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await faultOf(setKeywordRule(here.services, other, { ...HOURS, id: theirs.id, channel: 'rcs' }))).toEqual({
    code: 'INVALID_INPUT',
    path: ['channel'],
  })
})

test('a repetition with the same key makes no second rule', async () => {
  const caller = await here.workspace()
  const once = () => setKeywordRule(here.services, caller, { ...HOURS, idempotencyKey: 'k' })
  expect((await once()).id).toBe((await once()).id)
})
