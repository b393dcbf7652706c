import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopic, listTopics } from '../../src/services/topics.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

test('topics are listed by name, each workspace its own', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  await createTopic(here.services, mine, { name: '  Offers ', description: 'Now and then' })
  await createTopic(here.services, mine, { name: 'News' })
  expect((await listTopics(here.services, mine)).map(({ name, description }) => [name, description])).toEqual([
    ['News', null],
    ['Offers', 'Now and then'],
  ])
  expect(await listTopics(here.services, other)).toEqual([])
  expect((await createTopic(here.services, other, { name: 'News' })).name).toBe('News')
})

test('of ten callers at once with one name, one has it and nine are told so', async () => {
  const caller = await here.workspace()
  const answers = await Promise.all(Array.from({ length: 10 }, () => faultOf(createTopic(here.services, caller, { name: 'News' }))))
  expect(answers.filter((each) => each.code === undefined)).toHaveLength(1)
  expect(answers.filter((each) => each.code === 'CONFLICT')).toEqual(Array.from({ length: 9 }, () => ({ code: 'CONFLICT', path: ['name'] })))
  expect(await listTopics(here.services, caller)).toHaveLength(1)
})

test.each(['', '   ', 'x'.repeat(101), 'a\u0000b', '\ud800'])('%j is no name', async (name) => {
  const caller = await here.workspace()
  expect(await faultOf(createTopic(here.services, caller, { name }))).toEqual({ code: 'INVALID_INPUT', path: ['name'] })
})

test('a description the database cannot keep is refused before it gets there', async () => {
  const caller = await here.workspace()
  expect(await faultOf(createTopic(here.services, caller, { name: 'News', description: 'a\u0000b' }))).toEqual({
    code: 'INVALID_INPUT',
    path: ['description'],
  })
})
