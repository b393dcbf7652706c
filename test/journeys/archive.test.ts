import { afterAll, beforeAll, expect, test } from 'vitest'
import { allEnded, hasEnded, heard, refusals, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** A journey is archived while people wait in it: they are let out and told why, and nobody comes in any more. */
let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

test('archiving ends who is inside, says so in their trace, and lets nobody in', async () => {
  const id = await stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'seen', config: { eventTrigger: { event: 'seen' } } },
      { key: 'delay', config: { delay: { duration: 'P1D' } } },
      { key: 'end', config: { exit: {} } },
    ],
    edges: [
      { from: 'seen', port: 'next', to: 'delay' },
      { from: 'delay', port: 'next', to: 'end' },
    ],
  })
  for (const who of ['ada', 'grace']) {
    await stage.contact(who, {})
    await stage.event(who, 'seen')
    await seen(stage, id, who, (one) => one.node === 'delay')
  }
  await stage.client.run('mutation ($id: ID!) { archiveJourney(input: { id: $id }) { userErrors { message } } }', { id })
  for (const who of ['ada', 'grace']) {
    const { state, endReason, trace } = await seen(stage, id, who, hasEnded)
    expect([state, endReason, trace.at(-1)]).toEqual([
      'EXITED',
      'journey_archived',
      { code: 'exited', node: 'delay', data: { reason: 'journey_archived' } },
    ])
  }
  await stage.contact('edsger', {})
  await stage.event('edsger', 'seen')
  await heard(stage, 'edsger', 1)
  expect(await allEnded(stage, id, 2)).toMatchObject({ exited: 2, dropped: 2 })
  expect(await refusals(stage, 'edsger')).toEqual([])
})
