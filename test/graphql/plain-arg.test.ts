import 'reflect-metadata'
import { graphql } from 'graphql'
import { buildSchemaSync, Field, InputType, Mutation, Query, Resolver } from 'type-graphql'
import { expect, test } from 'vitest'
import { PlainArg } from '../../src/graphql/plain-arg.ts'

let made = 0

@InputType()
class ProbeInput {
  constructor() {
    made++
  }

  @Field(() => [String])
  names!: string[]
}

@Resolver()
class ProbeResolver {
  @Query(() => Boolean)
  there(): boolean {
    return true
  }

  @Mutation(() => String)
  probe(@PlainArg('input', () => ProbeInput) input: ProbeInput, @PlainArg('other', () => ProbeInput) other: ProbeInput): string {
    return JSON.stringify([input instanceof ProbeInput, input, other])
  }
}

test('an argument arrives as it was coerced, and nobody makes instances of its class', async () => {
  const schema = buildSchemaSync({ resolvers: [ProbeResolver], validate: false })
  made = 0
  const variableValues = { input: { names: ['ada', 'bob'] }, other: { names: [] } }
  const source = 'mutation ($input: ProbeInput!, $other: ProbeInput!) { probe(input: $input, other: $other) }'
  const { data, errors } = await graphql({ schema, source, variableValues })
  expect(errors).toBeUndefined()
  expect(JSON.parse(String(data?.probe))).toEqual([false, variableValues.input, variableValues.other])
  expect(made).toBe(0)
})
