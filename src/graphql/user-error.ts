import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { ERRORS, type ErrorCode, ThroughlineError } from '../errors.ts'

/** What a caller can foresee and put right. All else is a fault, and a top-level error. */
const FORESEEABLE = [
  'INVALID_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'IDEMPOTENCY_CONFLICT',
  'JOURNEY_INVALID',
  'TEMPLATE_INVALID',
  'DUPLICATE',
  'LIMIT_EXCEEDED',
] as const satisfies readonly ErrorCode[]

export const UserErrorCode = Object.fromEntries(FORESEEABLE.map((code) => [code, code])) as { [C in (typeof FORESEEABLE)[number]]: C }
registerEnumType(UserErrorCode, {
  name: 'ErrorCode',
  description: 'Why a mutation did not do what it was asked. Nothing was changed where one of these is answered.',
  valuesConfig: Object.fromEntries(FORESEEABLE.map((code) => [code, { description: ERRORS[code].message }])) as Record<
    (typeof FORESEEABLE)[number],
    { description: string }
  >,
})

@ObjectType({ description: 'Something the caller could foresee and can put right.' })
export class UserError {
  @Field(() => UserErrorCode, { description: 'For programs.' })
  code!: ErrorCode
  @Field(() => String, { description: 'For people, in English.' })
  message!: string
  @Field(() => [String], {
    nullable: true,
    description: 'The way to the field at fault, from the mutation’s `input`; null where it is none in particular.',
  })
  path!: readonly string[] | null
}

/** Every mutation's payload has this. */
@ObjectType('Payload')
export abstract class Payload {
  @Field(() => [UserError], { description: 'Empty where it was done.' })
  userErrors!: UserError[]
}

interface Problem {
  message: string
  path?: readonly string[] | undefined
}

function problemsOf(error: ThroughlineError): Problem[] {
  const problems = error.data?.problems ?? error.data?.faults
  return Array.isArray(problems) && problems.length > 0 ? (problems as Problem[]) : [error]
}

/** Runs a mutation; what the caller could foresee is answered in `userErrors`, faults pass through. */
export async function expected<P extends object>(work: () => Promise<P>): Promise<P & { userErrors: UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] }
  } catch (error) {
    if (!(error instanceof ThroughlineError) || !FORESEEABLE.includes(error.code as (typeof FORESEEABLE)[number])) throw error
    const userErrors = problemsOf(error).map((each) => ({ code: error.code, message: each.message, path: each.path ?? error.path ?? null }))
    // Payload fields are nullable, or lists that are empty where nothing was done.
    return { userErrors } as unknown as P & { userErrors: UserError[] }
  }
}
