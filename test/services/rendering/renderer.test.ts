import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Channel } from '../../../src/domain/channel.ts'
import { openRenderer, type Renderer } from '../../../src/services/rendering/renderer.ts'
import { faultOf } from '../../support/services.ts'

let renderer: Renderer
beforeEach(() => {
  renderer = openRenderer()
  return () => renderer.close()
})
afterEach(() => renderer.close())

const sms = (body: string) => ({ content: { body } })
const mail = (html: string) => ({ content: { subject: 'S', html } })
/** What became of a content: its first text, or the words of its fault. */
const said = async (channel: Channel, source: { content: object }, scope: object = {}, key?: string): Promise<unknown> =>
  renderer.render(channel, source as never, scope, key).then(
    (content) => content.body ?? content.html,
    (error: Error) => error.message,
  )

/** Processes this one has started. */
const childrenOf = () => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

/** One filter that looks through every pair of these, for a minute: Liquid's own limits are asked between filters. */
const MINUTE = { list: Array.from({ length: 20_000 }, (_, n) => n) }
const ENDLESS = sms('[{{ list | find_exp: "i", "list contains none" }}]')

test('what is asked for together is answered each with its own', async () => {
  const asked = Array.from({ length: 1_200 }, (_, n) => said('sms', sms(`${n % 7}: {{ n }}`), { n }, `renderer/${n % 7}`))
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 1_200 }, (_, n) => `${n % 7}: ${n}`))
})

test('a key names what was parsed: the same key renders the first content’s templates', async () => {
  expect(await said('sms', sms('one {{ n }}'), { n: 1 }, 'a/1/en')).toBe('one 1')
  expect(await said('sms', sms('two {{ n }}'), { n: 2 }, 'a/1/en')).toBe('one 2')
  expect(await said('sms', sms('two {{ n }}'), { n: 3 }, 'a/2/en')).toBe('two 3')
})

test('a content that does not parse says so under its key every time', async () => {
  for (const _time of [1, 2]) expect(await said('sms', sms('{% if a %}'), {}, 'broken/1/en')).toMatch(/not closed/)
})

test('what would run for minutes is ended, by name of its field, and costs the others nothing', async () => {
  const others = (from: number) => Array.from({ length: 40 }, (_, n) => said('sms', sms('{{ n }}'), { n: from + n }, 'fine/1/en'))
  const before = others(0)
  const bomb = said('sms', ENDLESS, MINUTE, 'bomb/1/en')
  const after = others(100)
  expect(await bomb).toBe('body takes longer than 1000 ms to render')
  expect(await Promise.all(before)).toEqual(Array.from({ length: 40 }, (_, n) => String(n)))
  expect(await Promise.all(after)).toEqual(Array.from({ length: 40 }, (_, n) => String(100 + n)))
})

test.each([
  [
    'loops in loops',
    '{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}{% endfor %}{% endfor %}{% endfor %}',
    /limit exceeded/,
  ],
  ['a loop that is long', '{% for i in (1..100000000) %}x{% endfor %}', /limit exceeded|longer than/],
  ['a text that doubles', `{% assign s = "0123456789" %}${'{% assign s = s | append: s %}'.repeat(40)}{{ s }}`, /limit exceeded|longer than/],
  ['a text that doubles by capturing', `{% assign s = "0123456789" %}${'{% capture s %}{{ s }}{{ s }}{% endcapture %}'.repeat(26)}{{ s }}`, /./],
  ['blocks in blocks', `${'{% if true %}'.repeat(20_000)}x${'{% endif %}'.repeat(20_000)}`, /Maximum call stack|longer than/],
])('%s: refused, and the next is rendered', async (_name, body, why) => {
  const bomb = said('sms', sms(body))
  const next = said('sms', sms('{{ n }}'), { n: 1 })
  expect(await bomb).toMatch(why)
  expect(await next).toBe('1')
})

/** An array in an array in an array. */
function nested(levels: number): unknown[] {
  let deep: unknown[] = []
  for (let level = 1; level < levels; level++) deep = [deep]
  return deep
}

test('what fills the memory takes its own process with it, and nothing else', async () => {
  await renderer.close()
  renderer = openRenderer({ deadline: 60_000, heap: 30 })
  // Taken apart, a kilobyte and more each: a tenth of a million of them.
  const data = Object.fromEntries(Array.from({ length: 3 }, (_, n) => [`field${n}`, '{{a}}'.repeat(33_000)]))
  const bomb = said('push', { content: { title: 'T', body: 'B', data } })
  const next = said('sms', sms('{{ n }}'), { n: 1 })
  expect(await bomb).toMatch(/^data\.field\d+ takes too much memory to render$/)
  expect(await next).toBe('1')
})

test('data too deep to be handed over is its own message’s fault', async () => {
  const bomb = said('sms', sms('{{ n }}'), { deep: nested(100_000) })
  const next = said('sms', sms('{{ n }}'), { n: 1 })
  expect(await bomb).toMatch(/nested too deeply/)
  expect(await next).toBe('1')
})

test('a content that ended three processes is refused for a while, whatever else is asked', async () => {
  await renderer.close()
  renderer = openRenderer({ deadline: 200 })
  for (const _time of [1, 2, 3]) expect(await said('sms', ENDLESS, MINUTE, 'again/1/en')).toBe('body takes longer than 200 ms to render')
  expect(await said('sms', ENDLESS, {}, 'again/1/en')).toBe('took too long or too much memory 3 times within a minute')
  expect(await said('sms', ENDLESS, { list: [] }, 'again/2/en')).toBe('[]')
})

test('a content is inspected without being sent', async () => {
  expect(await renderer.inspect('sms', sms('{{ n }}'))).toBeNull()
  expect(await renderer.inspect('push', { content: { title: 'T', body: 'B', data: { cart: '{% if %}' } } })).toMatchObject({ path: ['data', 'cart'] })
  expect(await renderer.inspect('email', { content: { subject: 'S', mjml: '<mjml>' } })).toMatchObject({ path: ['mjml'] })
  const bomb = mail(`{% raw %}${'{{'.repeat(400_000)}{% endraw %}`)
  expect(await renderer.inspect('email', bomb)).toEqual({ path: ['html'], message: 'takes longer than 1000 ms to render' })
  expect(await renderer.inspect('email', mail('<p>{{ n }}</p>'))).toBeNull()
})

const call = (text: string) => ({ method: 'POST' as const, url: 'https://hooks.example/{{ event.id }}', body: { text } })
const CALL_SCOPE = { contact: { externalId: null, attributes: {}, tags: [], locale: null }, event: {}, vars: {}, key: '' }
const called = (text: string, event: Record<string, unknown> = {}, key?: string, secrets: Record<string, string> = {}): Promise<unknown> =>
  renderer.renderCall(call(text), { ...CALL_SCOPE, event }, secrets, key).catch((error: Error) => error.message)

test('a call is rendered among the contents, its settings parsed once under their key', async () => {
  const [first, second] = await Promise.all([
    called('{{ event.id }}{{ secrets.a }}', { id: 'a/b' }, 'version/node', { a: '!' }),
    said('sms', sms('x')),
  ])
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  expect([first, second]).toEqual([{ url: 'https://hooks.example/a%2Fb', headers, body: 'a/b!' }, 'x'])
  expect(await called('other', { id: 1 }, 'version/node')).toEqual({ url: 'https://hooks.example/1', headers, body: '1' })
  expect(await called('{{ event.id | none }}', {}, 'version/broken')).toBe('body.text undefined filter: none, line:1, col:1')
})

test('a call that ends three processes is refused for a while, by name of its field; others are made', async () => {
  await renderer.close()
  renderer = openRenderer({ deadline: 200 })
  const endless = '{{ event.list | find_exp: "i", "event.list contains none" }}'
  for (const _time of [1, 2, 3]) {
    const bomb = called(endless, MINUTE, 'version/bomb', { token: 's3cret' })
    expect(await called('{{ event.id }}', { id: 7 })).toMatchObject({ body: '7' })
    expect(await bomb).toBe('body.text takes longer than 200 ms to render')
  }
  expect(await called(endless, {}, 'version/bomb')).toBe('took too long or too much memory 3 times within a minute')
})

test('a call that fills the memory takes its own process with it, and no other call', async () => {
  await renderer.close()
  renderer = openRenderer({ deadline: 60_000, heap: 30 })
  // As above: taken apart, a kilobyte and more each.
  const json = Array(3).fill('{{a}}'.repeat(33_000))
  const bomb = renderer.renderCall({ ...call(''), body: { json } }, CALL_SCOPE, {}).catch((error: Error) => error.message)
  expect(await called('{{ event.id }}', { id: 7 })).toMatchObject({ body: '7' })
  expect(await bomb).toMatch(/^body\.json\.\d takes too much memory to render$/)
})

test('texts are told what they name, and all of them what one of them took', async () => {
  expect(await renderer.uses(["{% render 'a' %}", 'x', '{% if %}'])).toEqual([
    { names: ['a'], fault: null },
    { names: [], fault: null },
    { names: [], fault: expect.stringMatching(/./) },
  ])
  await renderer.close()
  renderer = openRenderer({ deadline: 200 })
  const late = 'takes longer than 200 ms to render'
  expect((await renderer.uses(['x', '{{a}}'.repeat(190_000), '{% if %}'])).map(({ fault }) => fault)).toEqual([
    `could not be looked at: another text ${late}`,
    late,
    `could not be looked at: another text ${late}`,
  ])
})

test('several processes share the work', async () => {
  const several = openRenderer({ processes: 2 })
  const bomb = faultOf(several.render('sms', ENDLESS, MINUTE))
  expect(await several.render('sms', sms('{{ n }}'), { n: 1 })).toEqual({ body: '1' })
  expect(await bomb).toEqual({ code: 'TEMPLATE_INVALID', path: undefined })
  await several.close()
})

test.skipIf(process.platform !== 'linux')('what a process was at when somebody killed it is rendered by the next', async () => {
  const before = new Set(childrenOf())
  const list = (length: number) => ({ list: Array.from({ length }, (_, n) => n) })
  // Long enough that its answer goes out alone, and that the second is under way when it is there.
  const first = said('sms', ENDLESS, list(600))
  const second = said('sms', ENDLESS, list(900))
  const third = said('sms', sms('{{ n }}'), { n: 3 })
  expect(await first).toBe('[]')
  const started = childrenOf().filter((pid) => !before.has(pid))
  expect(started).toHaveLength(1)
  for (const pid of started) process.kill(pid, 'SIGKILL')
  expect([await second, await third]).toEqual([expect.stringMatching(/^(\[\]|template render limit exceeded)$/), '3'])
})

test('closing leaves nobody waiting, and takes nothing more', async () => {
  const under = said('sms', ENDLESS, MINUTE)
  await new Promise((next) => setImmediate(next))
  const waiting = said('sms', sms('x'))
  await renderer.close()
  expect([await under, await waiting]).toEqual(Array(2).fill('Nothing could be rendered just now; retry.'))
  const later = [renderer.inspect('sms', sms('x')), renderer.uses(['x']), renderer.renderCall(call('x'), CALL_SCOPE, {})]
  expect(await Promise.all(later.map(faultOf))).toEqual(Array(3).fill({ code: 'UNAVAILABLE', path: undefined }))
})
