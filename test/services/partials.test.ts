import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../../src/services/context.ts'
import { createPartial, deletePartial, updatePartial } from '../../src/services/partial-changes.ts'
import { listPartials, partialsByIds } from '../../src/services/partials.ts'
import { previewTemplate } from '../../src/services/previews.ts'
import { createTemplate, templatesByIds, updateTemplate } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())
beforeEach(async () => {
  caller = await here.workspace()
})

const partial = (name: string, text: string) => createPartial(here.services, caller, { name, text })
const update = (id: string, text: string, updateTemplates = true) => updatePartial(here.services, caller, { id, text, updateTemplates })
const template = (name: string, body: string) =>
  createTemplate(here.services, caller, { name, channel: 'sms', variants: [{ locale: 'en', content: { body } }] })
const said = async (id: string, data = {}) => (await previewTemplate(here.services, caller, { id, locale: null, data })).content.body
const versionOf = async (id: string) => (await templatesByIds(here.services, caller, [id])).get(id)?.version

test('a partial is rendered by every template that names it, with what it is given', async () => {
  await partial('legal', '© {{ of }}')
  await partial('footer', "-- {{ shop }} {{ hidden }}{% render 'legal', of: shop %}")
  const id = await template('One', "Hi {{ name }} {% render 'footer', shop: name %}")
  expect(await said(id, { name: 'Ada', hidden: 'never' })).toBe('Hi Ada -- Ada © Ada')
  expect((await versionOf(id))?.partials).toEqual({ footer: "-- {{ shop }} {{ hidden }}{% render 'legal', of: shop %}", legal: '© {{ of }}' })
})

test('another text reaches the templates by a next version of theirs, or when they are saved', async () => {
  const [legal] = [await partial('legal', 'old'), await partial('footer', "<{% render 'legal' %}>")]
  const [one, other] = [await template('One', "{% render 'footer' %}"), await template('Other', 'none')]
  await update(legal, 'new')
  expect([await said(one), (await versionOf(one))?.number]).toEqual(['<new>', 2])
  expect((await versionOf(other))?.number).toBe(1)
  await update(legal, 'newest', false)
  expect([await said(one), (await versionOf(one))?.number]).toEqual(['<new>', 2])
  await updateTemplate(here.services, caller, { id: one, variants: [{ locale: 'en', content: { body: "{% render 'footer' %}" } }] })
  expect(await said(one)).toBe('<newest>')
  const { rows } = await here.database.owner.query('SELECT partials FROM template_version WHERE template_id = $1 ORDER BY number', [one])
  expect(rows.map((row) => row.partials.legal)).toEqual(['old', 'new', 'newest'])
  expect((await partialsByIds(here.services, caller, [legal])).get(legal)).toMatchObject({ name: 'legal', text: 'newest', uses: [], version: 3 })
})

test.each([
  ['{% if %}', 'TEMPLATE_INVALID', ['text']],
  ["{% render 'nowhere' %}", 'TEMPLATE_INVALID', ['text']],
  ["{% render 'own' %}", 'TEMPLATE_INVALID', ['text']],
  ['{% render own %}', 'TEMPLATE_INVALID', ['text']],
  ['{% include "x" %}', 'TEMPLATE_INVALID', ['text']],
  ['x'.repeat(100_001), 'INVALID_INPUT', ['text']],
  ['\u0000', 'INVALID_INPUT', ['text']],
])('the text %.20j is refused', async (text, code, path) => {
  expect(await faultOf(partial('own', text))).toEqual({ code, path })
})

test.each(['Own', '1st', '', 'a'.repeat(65), 'a/b', '../a'])('the name %.20j is refused', async (name) => {
  expect(await faultOf(partial(name, 'x'))).toEqual({ code: 'INVALID_INPUT', path: ['name'] })
})

test('partials that lead back to themselves, or more than five deep, are refused', async () => {
  const first = await partial('p1', 'end')
  for (let n = 2; n <= 6; n++) await partial(`p${n}`, `{% render 'p${n - 1}' %}`).catch(() => {})
  expect(await said(await template('Five', "{% render 'p5' %}"))).toBe('end')
  expect(await faultOf(template('Six', "{% render 'p6' %}"))).toEqual({ code: 'TEMPLATE_INVALID', path: ['variants', '0', 'content', 'body'] })
  expect(await faultOf(update(first, "{% render 'p3' %}"))).toEqual({ code: 'TEMPLATE_INVALID', path: ['text'] })
  expect(await faultOf(update(first, "{% render 'p1' %}"))).toEqual({ code: 'TEMPLATE_INVALID', path: ['text'] })
})

test('a template that names an unknown partial is refused where it does', async () => {
  const variants = [
    { locale: 'en', content: { title: 'T', body: 'B' } },
    { locale: 'de', content: { title: 'T', body: 'B', data: { footer: "{% render 'footer' %}" } } },
  ]
  expect(await faultOf(createTemplate(here.services, caller, { name: 'One', channel: 'push', variants }))).toEqual({
    code: 'TEMPLATE_INVALID',
    path: ['variants', '1', 'content', 'data', 'footer'],
  })
})

test('a change that breaks one template is not done at all', async () => {
  const id = await partial('body', '<mj-text>x</mj-text>')
  const content = { subject: 'S', mjml: "<mjml><mj-body><mj-section><mj-column>{% render 'body' %}</mj-column></mj-section></mj-body></mjml>" }
  const mail = await createTemplate(here.services, caller, { name: 'Mail', channel: 'email', variants: [{ locale: 'en', content }] })
  const text = await template('Text', "{% render 'body' %}")
  await expect(update(id, '<mj-text>x')).rejects.toThrow(/Template «Mail», variants\.0\.content\.mjml: The MJML is not well formed/)
  expect([(await versionOf(mail))?.number, (await versionOf(text))?.number]).toEqual([1, 1])
  expect((await partialsByIds(here.services, caller, [id])).get(id)?.version).toBe(1)
})

test('a partial that is rendered cannot go; one that is not can', async () => {
  const [legal, footer] = [await partial('legal', 'x'), await partial('footer', "{% render 'legal' %}")]
  const id = await template('One', "{% render 'footer' %}")
  for (const each of [legal, footer]) expect(await faultOf(deletePartial(here.services, caller, each))).toEqual({ code: 'CONFLICT', path: ['id'] })
  await updateTemplate(here.services, caller, { id, variants: [{ locale: 'en', content: { body: 'none' } }] })
  expect(await faultOf(deletePartial(here.services, caller, legal))).toEqual({ code: 'CONFLICT', path: ['id'] })
  await deletePartial(here.services, caller, footer)
  await deletePartial(here.services, caller, legal)
  expect(await listPartials(here.services, caller, { first: 9, before: null })).toEqual([])
  expect(await faultOf(deletePartial(here.services, caller, legal))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
})

test('names belong to a workspace, once', async () => {
  const id = await partial('footer', 'ours')
  expect(await faultOf(partial('footer', 'again'))).toEqual({ code: 'CONFLICT', path: ['name'] })
  const key = { name: 'keyed', text: 'x', idempotencyKey: 'k' }
  expect(await createPartial(here.services, caller, key)).toBe(await createPartial(here.services, caller, key))
  caller = await here.workspace()
  expect(await faultOf(update(id, 'theirs'))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await faultOf(update(newId(), 'x'))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await faultOf(template('One', "{% render 'footer' %}"))).toMatchObject({ code: 'TEMPLATE_INVALID' })
})

test('changes at once of partials that templates render together all get through, or say that they did not', async () => {
  const ids = [await partial('a', '0'), await partial('b', '0')]
  const id = await template('Both', "{% render 'a' %}{% render 'b' %}")
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => faultOf(update(ids[n % 2] ?? '', String(n + 1)))))
  const done = answers.filter((each) => each.code === undefined).length
  expect(done).toBeGreaterThan(0)
  expect(answers.every((each) => each.code === undefined || each.code === 'CONFLICT')).toBe(true)
  expect((await versionOf(id))?.number).toBe(1 + done)
  const rows = await partialsByIds(here.services, caller, ids)
  expect((await versionOf(id))?.partials).toEqual({ a: rows.get(ids[0] ?? '')?.text, b: rows.get(ids[1] ?? '')?.text })
})
