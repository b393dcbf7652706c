import { readFileSync } from 'node:fs'
import { buildSchema, isEnumType } from 'graphql'
import { expect, test } from 'vitest'
import { ADAPTERS } from '../../src/channels/registry.ts'
import { CHANNELS, type Channel, CONSENT_STATES, IDENTITY_STATUSES, isOwnSurface, PURPOSES } from '../../src/domain/channel.ts'
import { CONTENT } from '../../src/domain/content.ts'
import { kindOf } from '../../src/domain/journey/kinds.ts'

const sdl = buildSchema(readFileSync('schema/schema.graphql', 'utf8'))
const valuesOf = (name: string) => {
  const type = sdl.getType(name)
  return isEnumType(type) ? type.getValues().map((each) => each.name) : []
}

/** Nobody in between. */
const OWN = CHANNELS.filter(isOwnSurface)
/** Debt: channels whose adapters are not there yet. */
const UNSERVED: readonly Channel[] = []

test('every channel has a provider, a content and a node that sends on it, and the API knows no other', () => {
  const served: Channel[] = Object.values(ADAPTERS).map(({ channel }) => channel)
  expect([...new Set([...served, ...OWN, ...UNSERVED])].sort()).toEqual([...CHANNELS].sort())
  expect(Object.keys(CONTENT).sort()).toEqual([...CHANNELS].sort())
  expect(CHANNELS.filter((channel) => kindOf(channel)?.category !== 'message')).toEqual([])
  expect(valuesOf('Channel')).toEqual(CHANNELS.map((each) => each.toUpperCase()).sort())
})

test('the app’s own surface is in-app alone', () => {
  expect(OWN).toEqual(['in_app'])
})

test('purposes stand in the order of privilege, and the API names the same', () => {
  expect(PURPOSES).toEqual(['TRANSACTIONAL', 'SERVICE', 'PROMOTIONAL'])
  expect(valuesOf('Purpose')).toEqual([...PURPOSES].sort())
})

test('the API names the same states of identities and consents', () => {
  expect(valuesOf('IdentityStatus')).toEqual([...IDENTITY_STATUSES].sort())
  expect(valuesOf('ConsentState')).toEqual([...CONSENT_STATES].sort())
})
