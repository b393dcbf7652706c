import { afterAll, beforeAll, expect, test } from 'vitest'
import { previewTemplate } from '../../src/services/previews.ts'
import { createTemplate, listTemplates, templatesByIds, updateTemplate } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const sms = (body: string, locale = 'en') => ({ locale, content: { body } })

test('a template has immutable versions: an update makes the next and leaves the last', async () => {
  const caller = await here.workspace()
  const id = await createTemplate(here.services, caller, {
    name: 'Reminder',
    channel: 'sms',
    variants: [sms('Hi')],
    variables: [{ name: 'shop', required: false, default: 'ours' }],
  })
  const first = (await templatesByIds(here.services, caller, [id])).get(id)
  expect(first).toMatchObject({
    template: { name: 'Reminder', channel: 'sms', version: 1 },
    version: { number: 1, variants: [sms('Hi')], variables: [{ name: 'shop', required: false, default: 'ours' }], whenUnknown: 'HOLD' },
  })
  expect(await updateTemplate(here.services, caller, { id, name: 'Later', variants: [sms('Hello')], whenUnknown: 'RESEND' })).toBe(id)
  expect((await templatesByIds(here.services, caller, [id])).get(id)).toMatchObject({
    template: { name: 'Later', version: 2 },
    version: { number: 2, variants: [sms('Hello')], whenUnknown: 'RESEND' },
  })
  const { rows } = await here.database.owner.query('SELECT number, variants FROM template_version WHERE template_id = $1 ORDER BY number', [id])
  expect(rows).toEqual([
    { number: 1, variants: [sms('Hi')] },
    { number: 2, variants: [sms('Hello')] },
  ])
})

test('a template that takes for good to look at is refused with its field, and others are saved meanwhile', async () => {
  const caller = await here.workspace()
  const html = `{% raw %}${'{{'.repeat(400_000)}{% endraw %}`
  const bomb = createTemplate(here.services, caller, {
    name: 'Bomb',
    channel: 'email',
    variants: [
      { locale: 'en', content: { subject: 'S', html: '<p>x</p>' } },
      { locale: 'de', content: { subject: 'S', html } },
    ],
  })
  const fine = createTemplate(here.services, caller, { name: 'Fine', channel: 'sms', variants: [sms('Hi')] })
  expect(await faultOf(bomb)).toEqual({ code: 'TEMPLATE_INVALID', path: ['variants', '1', 'content', 'html'] })
  expect(await fine).toMatch(/-/)
})

test('one template says it on several channels, each in several languages', async () => {
  const caller = await here.workspace()
  const mail = (locale: string, subject = 'S') => ({ locale, channel: 'email' as const, content: { subject, html: '<p>{{ contact.name }}</p>' } })
  const variants = [sms('Hi'), { ...sms('Hallo', 'de'), channel: 'sms' as const }, mail('en'), mail('de', 'Betreff')]
  const id = await createTemplate(here.services, caller, { name: 'Both', channel: 'sms', variants })
  expect((await templatesByIds(here.services, caller, [id])).get(id)).toMatchObject({ template: { channel: 'sms', channels: ['sms', 'email'] } })
  const preview = async (channel: 'email' | 'sms' | 'push' | null, locale: string) =>
    (await previewTemplate(here.services, caller, { id, channel, locale, data: {} })).content
  expect([(await preview(null, 'de')).body, (await preview('sms', 'fr')).body]).toEqual(['Hallo', 'Hi'])
  expect([(await preview('email', 'de')).subject, (await preview('email', 'fr')).subject]).toEqual(['Betreff', 'S'])
  expect(await faultOf(preview('push', 'de'))).toEqual({ code: 'NOT_FOUND', path: ['channel'] })
  const other = await createTemplate(here.services, caller, { name: 'Mail', channel: 'email', variants: [mail('en')] })
  const listed = async (channel: 'email' | 'sms' | 'push') =>
    (await listTemplates(here.services, caller, { channel, first: 9, before: null })).map((each) => each.id)
  expect([await listed('sms'), await listed('email'), await listed('push')]).toEqual([[id], [other, id], []])

  const update = (next: typeof variants) => faultOf(updateTemplate(here.services, caller, { id, variants: next }))
  expect(await update([sms('Hi')])).toEqual({ code: 'TEMPLATE_INVALID', path: ['variants'] })
  expect(await update([mail('en')])).toEqual({ code: 'TEMPLATE_INVALID', path: ['variants'] })
  expect(await update([sms('Hi'), mail('en'), mail('en')])).toEqual({ code: 'TEMPLATE_INVALID', path: ['variants', '2', 'locale'] })
  expect(await update([sms('Hi'), { ...sms('x'), channel: 'email' as const }])).toMatchObject({ path: ['variants', '1', 'content', 'body'] })
  expect(await update([sms('Hi'), { ...sms('x'), channel: 'letter' as never }, mail('en')])).toEqual({
    code: 'INVALID_INPUT',
    path: ['variants', '1', 'channel'],
  })
  expect(await update([sms('Hi'), mail('en')])).toEqual({})
  expect(await faultOf(createTemplate(here.services, caller, { name: 'None', channel: 'push', variants: [mail('en')] }))).toEqual({
    code: 'TEMPLATE_INVALID',
    path: ['variants'],
  })
})

test('updates at once make versions of their own, none lost', async () => {
  const caller = await here.workspace()
  const id = await createTemplate(here.services, caller, { name: 'Busy', channel: 'sms', variants: [sms('0')] })
  await Promise.all(Array.from({ length: 8 }, (_, index) => updateTemplate(here.services, caller, { id, variants: [sms(String(index + 1))] })))
  const { rows } = await here.database.owner.query(
    `SELECT number, variants->0->'content'->>'body' AS body FROM template_version WHERE template_id = $1 ORDER BY number`,
    [id],
  )
  expect(rows.map((row) => row.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(rows.map((row) => row.body).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8'])
})

test('a name is had once: by creating, by renaming, and by ten at once', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const make = (who = caller, name = 'One') => createTemplate(here.services, who, { name, channel: 'sms', variants: [sms('Hi')] })
  const answers = await Promise.all(Array.from({ length: 10 }, () => faultOf(make())))
  expect(answers.filter((each) => each.code === 'CONFLICT')).toEqual(Array.from({ length: 9 }, () => ({ code: 'CONFLICT', path: ['name'] })))
  const second = await make(caller, 'Two')
  expect(await faultOf(updateTemplate(here.services, caller, { id: second, name: 'One', variants: [sms('Hi')] }))).toEqual({
    code: 'CONFLICT',
    path: ['name'],
  })
  expect((await templatesByIds(here.services, caller, [second])).get(second)?.template).toMatchObject({ name: 'Two', version: 1 })
  expect(await make(other)).toEqual(expect.any(String))
})

test.each([
  ['no variant', [], 'TEMPLATE_INVALID', ['variants']],
  ['a locale twice', [sms('a'), sms('b')], 'TEMPLATE_INVALID', ['variants', '1', 'locale']],
  ['no language tag', [sms('a', 'english please')], 'TEMPLATE_INVALID', ['variants', '0', 'locale']],
  ['a text missing', [sms('a'), { locale: 'de', content: {} }], 'INVALID_INPUT', ['variants', '1', 'content', 'body']],
  ['a field of another channel', [{ locale: 'en', content: { body: 'a', subject: 'b' } }], 'INVALID_INPUT', ['variants', '0', 'content', 'subject']],
  ['Liquid that does not parse', [sms('{% if %}')], 'TEMPLATE_INVALID', ['variants', '0', 'content', 'body']],
  ['what the database cannot keep', [sms('a\u0000')], 'INVALID_INPUT', ['variants', '0', 'content']],
])('%s is refused, and nothing is made', async (_, variants, code, path) => {
  const caller = await here.workspace()
  expect(await faultOf(createTemplate(here.services, caller, { name: 'T', channel: 'sms', variants }))).toEqual({ code, path })
  expect(await listTemplates(here.services, caller, { channel: null, first: 10, before: null })).toEqual([])
})

test('a template of another workspace is not there: not read, not changed, not shown', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const id = await createTemplate(here.services, mine, { name: 'Mine', channel: 'sms', variants: [sms('Hi')] })
  expect((await templatesByIds(here.services, other, [id, 'no id', newId()])).size).toBe(0)
  for (const each of [id, newId(), 'no id']) {
    expect(await faultOf(updateTemplate(here.services, other, { id: each, variants: [sms('Theirs')] }))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
    expect(await faultOf(previewTemplate(here.services, other, { id: each, locale: null, data: {} }))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  }
  expect((await templatesByIds(here.services, mine, [id])).get(id)?.version.variants).toEqual([sms('Hi')])
})

test('the list goes on after the last one seen, newest first', async () => {
  const caller = await here.workspace()
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) ids.push(await createTemplate(here.services, caller, { name, channel: 'sms', variants: [sms('Hi')] }))
  const mail = await createTemplate(here.services, caller, {
    name: 'd',
    channel: 'email',
    variants: [{ locale: 'en', content: { subject: 'S', html: 'H' } }],
  })
  const all = (await listTemplates(here.services, caller, { channel: null, first: 10, before: null })).map((row) => row.id)
  expect(all).toEqual([...all].sort().reverse())
  expect(new Set(all)).toEqual(new Set([...ids, mail]))
  expect((await listTemplates(here.services, caller, { channel: null, first: 2, before: all[1] ?? null })).map((row) => row.id)).toEqual(all.slice(2))
  expect((await listTemplates(here.services, caller, { channel: 'email', first: 10, before: null })).map((row) => row.id)).toEqual([mail])
})

test('a preview is what a contact with this data and locale would get', async () => {
  const caller = await here.workspace()
  const id = await createTemplate(here.services, caller, {
    name: 'P',
    channel: 'sms',
    variants: [sms('Hi {{ contact.name }}'), sms('Ciao {{ contact.name | divided_by: 0 }}', 'it')],
  })
  expect(await previewTemplate(here.services, caller, { id, locale: 'fr', data: { contact: { name: 'Ada' } } })).toEqual({
    content: { body: 'Hi Ada' },
    sms: { encoding: 'GSM_7', units: 6, segments: 1, left: 154 },
  })
  expect(await previewTemplate(here.services, caller, { id, locale: 'it-IT', data: { contact: { name: 'x'.repeat(3) } } })).toMatchObject({
    content: { body: 'Ciao NaN' },
  })
})

test('a mail that no data could make right is refused when it is saved', async () => {
  const caller = await here.workspace()
  const make = (content: object) =>
    createTemplate(here.services, caller, { name: 'Mail', channel: 'email', variants: [{ locale: 'en', content: { subject: 'S', ...content } }] })
  const at = (...path: string[]) => ({ code: 'TEMPLATE_INVALID', path: ['variants', '0', 'content', ...path] })
  expect(await faultOf(make({ mjml: '<mjml><mj-body><mj-colum /></mj-body></mjml>' }))).toEqual(at('mjml'))
  expect(await faultOf(make({ blocks: [{ type: 'text', text: 'Hi', when: 'a | nonsense' }] }))).toEqual(at('blocks', '0', 'when'))
  expect(await faultOf(make({ blocks: [{ type: 'image', url: 'cat.png', alt: 'A cat' }] }))).toEqual(at('blocks', '0', 'url'))
})

test('a preview reckons with short links where they will be short', async () => {
  const caller = await here.workspace()
  const body = `${'a'.repeat(120)} https://shop.example/${'b'.repeat(100)}`
  const reckoned = async (name: string, more: object) => {
    const id = await createTemplate(here.services, caller, { name, channel: 'sms', variants: [{ locale: 'en', content: { body, ...more } }] })
    return (await previewTemplate(here.services, caller, { id, locale: null, data: {} })).sms
  }
  const short = `${here.services.config.publicUrl}/s/`.length + 12
  expect(await reckoned('long', {})).toMatchObject({ units: 242, segments: 2 })
  expect(await reckoned('short', { shortenLinks: true })).toMatchObject({ units: 121 + short, segments: 121 + short > 160 ? 2 : 1 })
})
