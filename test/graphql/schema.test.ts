import { readFile } from 'node:fs/promises'
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { buildApiSchema, printApiSchema } from '../../src/graphql/schema.ts'

const schema = buildApiSchema()
const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'))

test('schema/schema.graphql is the schema; `npm run schema` writes it anew', async () => {
  expect(printApiSchema(schema)).toBe(await readFile('schema/schema.graphql', 'utf8'))
})

test('everything a client can see is described', () => {
  const roots = new Set(['Query', 'Mutation', 'Subscription'])
  const bare = types.flatMap((type) => {
    const own = type.description || roots.has(type.name) ? [] : [type.name]
    if (isEnumType(type))
      return [
        ...own,
        ...type
          .getValues()
          .filter((each) => !each.description)
          .map((each) => `${type.name}.${each.name}`),
      ]
    if (isInputObjectType(type))
      return [
        ...own,
        ...Object.values(type.getFields())
          .filter((each) => !each.description)
          .map((each) => `${type.name}.${each.name}`),
      ]
    if (!isObjectType(type) && !isInterfaceType(type)) return own
    const fields = Object.values(type.getFields())
    // A mutation's one `input` is described by its type.
    const args = fields.flatMap((field) =>
      field.args.filter((each) => !each.description && each.name !== 'input').map((each) => `${type.name}.${field.name}(${each.name})`),
    )
    return [...own, ...fields.filter((each) => !each.description).map((each) => `${type.name}.${each.name}`), ...args]
  })
  expect(bare).toEqual([])
})

test('every mutation takes one required input and answers userErrors', () => {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    expect([field.name, field.args.map((each) => `${each.name}: ${each.type}`)]).toEqual([field.name, [expect.stringMatching(/^input: \w+Input!$/)]])
    const payload = schema.getType(String(field.type).replace('!', ''))
    expect(isObjectType(payload) && String(payload.getFields().userErrors?.type)).toBe('[UserError!]!')
  }
})

test('every mutation says who may call it', () => {
  const silent = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(
    (field) => !/Needs (the scope (ADMIN|WRITE|INGEST)|the installation’s ADMIN_KEY)/.test(field.description ?? ''),
  )
  expect(silent.map((field) => [field.name, field.description])).toEqual([])
})

test('one-of inputs are marked, and all their members may be left out', () => {
  const marked = types.filter(isInputObjectType).filter((type) => type.isOneOf)
  expect(marked.map((type) => type.name)).toContain('ContactRef')
  for (const type of marked) expect(Object.values(type.getFields()).filter((field) => String(field.type).endsWith('!'))).toEqual([])
})
