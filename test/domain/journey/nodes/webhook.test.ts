import { describe, expect, test } from 'vitest'
import { secretsIn, type WebhookConfig, webhookTexts } from '../../../../src/domain/journey/nodes/webhook.ts'
import { FACTS, NOW } from '../arbitrary.ts'
import { journey, life, plannedCalls, problems } from '../play.ts'

const end = { end: ['exit', {}] as const, other: ['exit', { reason: 'other' }] as const }
const call = (config: object, ports: Record<string, string> = { success: 'end', error: 'other' }) =>
  journey({ call: ['webhook', { method: 'POST', url: 'https://hooks.example/x', ...config }, ports], ...end })
const faults = (config: object) => problems(call(config)).map(([code, , path]) => `${code} ${path}`)

describe('settings', () => {
  test.each([
    {},
    { method: 'GET' },
    { url: 'http://hooks.example' },
    { url: 'https://hooks.example?x={{ contact.attributes.x }}' },
    { url: 'https://hooks.example/{{ key }}/{{ vars.a | default: "b" }}' },
    { url: '{{ secrets.token }}/x' },
    { headers: [{ name: 'Authorization', value: 'Bearer {{ secrets.token }}' }] },
    { body: { json: { a: ['{{ key }}', 1, null, { b: '{{ vars.x }}' }] } } },
    { body: { json: null } },
    { body: { text: 'a={{ key | url_encode }}' } },
    { timeout: 'PT30S', retries: { times: 10, pause: 'PT1M' }, success: ['2xx', '404', '300-304'] },
    {
      variables: [
        { name: 'a', from: 'status' },
        { name: 'b', from: 'headers.x-y' },
        { name: 'c', from: 'body' },
        { name: 'd', from: 'body.a.0' },
      ],
    },
  ])('may be %j', (config) => {
    const nothing = JSON.stringify(config) === '{"body":{"json":null}}' ? ['INVALID_CONFIG body'] : []
    expect(faults(config)).toEqual(nothing)
  })

  test.each([
    [{ method: 'HEAD' }, 'INVALID_CONFIG method'],
    [{ url: 'hooks.example/x' }, 'INVALID_CONFIG url'],
    [{ url: 'https://{{ contact.attributes.host }}/x' }, 'INVALID_CONFIG url'],
    [{ url: 'https://hooks.{{ vars.zone }}.example/x' }, 'INVALID_CONFIG url'],
    [{ url: '{{ vars.url }}' }, 'INVALID_CONFIG url'],
    [{ url: '{{ secrets.token }}{{ vars.zone }}/x' }, 'INVALID_CONFIG url'],
    [{ url: '{{ secrets.token }}.example/x' }, 'INVALID_CONFIG url'],
    [{ url: 'https://127.0.0.1/x' }, 'INVALID_CONFIG url'],
    [{ url: 'https://hooks.example/{{ }}' }, 'INVALID_CONFIG url'],
    [{ url: 'https://hooks.example/{{ secrets.none }}' }, 'UNKNOWN_SECRET url'],
    [{ headers: [{ name: 'a b', value: 'x' }] }, 'INVALID_CONFIG headers.0.name'],
    [{ headers: [{ name: 'Host', value: 'x' }] }, 'INVALID_CONFIG headers.0.name'],
    [{ headers: [{ name: 'Webhook-Id', value: 'x' }] }, 'INVALID_CONFIG headers.0.name'],
    [
      {
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      },
      'INVALID_CONFIG headers.1.name',
    ],
    [{ headers: [{ name: 'X-A', value: '{{ secrets["none"] }}' }] }, 'UNKNOWN_SECRET headers.0.value'],
    [{ body: {} }, 'INVALID_CONFIG body'],
    [{ body: { json: 1, text: 'x' } }, 'INVALID_CONFIG body'],
    [{ method: 'GET', body: { text: 'x' } }, 'INVALID_CONFIG body'],
    [{ body: { json: 'x'.repeat(100_000) } }, 'INVALID_CONFIG body.json'],
    [{ body: { json: { a: [{ b: '{{ }}' }] } } }, 'INVALID_CONFIG body.json.a.0.b'],
    [{ timeout: 'PT31S' }, 'INVALID_CONFIG timeout'],
    [{ retries: { times: 11 } }, 'INVALID_CONFIG retries.times'],
    [{ success: [] }, 'INVALID_CONFIG success'],
    [{ success: ['ok'] }, 'INVALID_CONFIG success.0'],
    [{ variables: [{ name: '__proto__', from: 'body' }] }, 'INVALID_CONFIG variables.0.name'],
    [{ variables: [{ name: 'a', from: 'cookies' }] }, 'INVALID_CONFIG variables.0.from'],
    [
      {
        variables: [
          { name: 'a', from: 'body' },
          { name: 'a', from: 'status' },
        ],
      },
      'INVALID_CONFIG variables.1.name',
    ],
  ])('may not be %j: %s', (config, fault) => expect(faults(config)).toEqual([fault]))

  test('leave a loop through it alone unbounded, and one with a wait in it bounded', () => {
    expect(problems(call({}, { success: 'call', error: 'end' })).map(([code]) => code)).toContain('UNBOUNDED_LOOP')
    const patient = journey({
      call: ['webhook', { method: 'GET', url: 'https://hooks.example/x' }, { success: 'end', error: 'pause' }],
      pause: ['delay', { duration: 'PT1M' }, { next: 'call' }],
      end: ['exit', {}],
    })
    expect(problems(patient)).toEqual([])
  })
})

describe('a token', () => {
  test('plans one call and rests until it is answered, whatever the time', () => {
    const one = life(call({}))
    expect(one.played[0]?.effects).toEqual([{ type: 'webhook', call: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), node: 'call', visit: 1 } }])
    expect(one.state()).toMatchObject({ node: 'call', dueAt: null, status: 'ACTIVE' })
    expect(one.timer(NOW + 86_400_000).trace).toEqual([])
  })

  test.each([
    ['success', 'exit_node'],
    ['error', 'other'],
  ] as const)('leaves by %s with what is kept', (port, reason) => {
    const one = life(call({}))
    const { trace } = one.answer(NOW + 5, port, { score: 7 })
    expect(one.state()).toMatchObject({ status: 'EXITED', endReason: reason, vars: { score: 7 } })
    expect(trace.slice(0, 2).map(({ code, port: by }) => [code, by])).toEqual([
      ['webhook_answered', undefined],
      ['left', port],
    ])
  })

  test('keeps nothing of an earlier round: what is not told is null', () => {
    const variables = [
      { name: 'score', from: 'body.score' },
      { name: 'status', from: 'status' },
    ]
    const one = life(
      journey({
        call: ['webhook', { method: 'GET', url: 'https://hooks.example', variables }, { success: 'pause' }],
        pause: ['delay', { duration: 'PT1M' }, { next: 'call' }],
      }),
    )
    one.answer(NOW, 'success', { score: 7, status: 200 })
    expect(one.state().vars).toEqual({ score: 7, status: 200 })
    one.timer(NOW + 60_000)
    one.answer(NOW + 60_000, 'error', { status: 500 })
    expect(one.state().vars).toEqual({ score: null, status: 500 })
  })

  test('falls through from error to success, and without either comes to an end as undeliverable', () => {
    const through = life(call({}, { success: 'end' }))
    through.answer(NOW, 'error')
    expect(through.state().endReason).toBe('exit_node')
    const stuck = life(journey({ call: ['webhook', { method: 'GET', url: 'https://hooks.example' }] }))
    stuck.answer(NOW, 'error')
    expect(stuck.state()).toMatchObject({ status: 'EXITED', endReason: 'undeliverable' })
    const done = life(journey({ call: ['webhook', { method: 'GET', url: 'https://hooks.example' }] }))
    done.answer(NOW, 'success')
    expect(done.state().status).toBe('COMPLETED')
  })

  test('hears nothing of an earlier visit’s call, nor of one it has heard', () => {
    const one = life(
      journey({
        call: ['webhook', { method: 'GET', url: 'https://hooks.example' }, { success: 'pause' }],
        pause: ['delay', { duration: 'PT1M' }, { next: 'call' }],
      }),
    )
    const first = plannedCalls(one.played)[0]?.id ?? ''
    one.answer(NOW, 'success', { round: 1 })
    const again = { type: 'answer', callId: first, port: 'success', vars: { round: 99 }, status: 200, code: null } as const
    expect(one.fold(NOW, again).trace).toEqual([])
    one.timer(NOW + 60_000)
    expect(plannedCalls(one.played)[1]?.id).not.toBe(first)
    expect(one.fold(NOW + 60_000, again).trace).toEqual([])
    expect(one.state()).toMatchObject({ node: 'call', vars: { round: 1 } })
  })

  test('that is let out withdraws its call, and an answer after that moves nothing', () => {
    const one = life(call({}), FACTS)
    const callId = plannedCalls(one.played)[0]?.id
    expect(one.fold(NOW, { type: 'exit', reason: 'asked' }).effects).toEqual([{ type: 'withdraw', reason: 'enrollment_ended', callId }])
    expect(one.answer(NOW, 'success', { late: true })).toMatchObject({ trace: [], effects: [] })
    expect(one.state().vars).toEqual({})
  })
})

test('templates are found wherever they stand, and the secrets they ask for', () => {
  const settings: WebhookConfig = {
    method: 'PUT',
    url: 'https://a.example/{{ secrets.a }}',
    headers: [{ name: 'x', value: "{{ secrets['b'] }} {{ secrets.a }}" }],
    body: { json: { deep: ['{{ secrets["c"] }}', 3] } },
  }
  expect(webhookTexts(settings).map(({ path, text }) => [path.join('.'), secretsIn(text)])).toEqual([
    ['url', ['a']],
    ['headers.0.value', ['b', 'a']],
    ['body.json.deep.0', ['c']],
  ])
  expect(secretsIn('{{ vars.secretsA }} {{ mysecrets.x }}')).toEqual([])
})
