import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from 'graphql-scalars'
import { parseDuration } from '../domain/duration.ts'
import { isTimeZone } from '../domain/zone.ts'

export const JsonScalar: GraphQLScalarType = GraphQLJSON
export const JsonObjectScalar: GraphQLScalarType = GraphQLJSONObject
export const DateTimeScalar: GraphQLScalarType = GraphQLDateTime

/** A scalar that is text and stays text; `fault` says what is wrong with one. */
function textScalar(
  name: string,
  specifiedByURL: string | null,
  description: string,
  fault: (text: string) => string | null,
): GraphQLScalarType<string, string> {
  const check = (value: unknown): string => {
    const wrong = typeof value === 'string' ? fault(value) : 'must be text'
    if (wrong !== null) throw new GraphQLError(`${name} ${wrong}`)
    return value as string
  }
  return new GraphQLScalarType<string, string>({
    name,
    description,
    specifiedByURL,
    serialize: (value) => String(value),
    parseValue: check,
    parseLiteral: (node) => check(node.kind === Kind.STRING ? node.value : undefined),
  })
}

export const DurationScalar = textScalar(
  'Duration',
  'https://www.iso.org/standard/70907.html',
  'An ISO 8601 duration such as `PT15M` or `P2D`; at most a hundred years. Days, weeks and months go by the calendar where a contact’s zone is known.',
  (text) => (parseDuration(text) === null ? 'must be an ISO 8601 duration such as PT15M or P2D' : null),
)

export const TimeZoneScalar = textScalar('TimeZone', 'https://www.iana.org/time-zones', 'An IANA time zone such as `Europe/Berlin`.', (text) =>
  isTimeZone(text) ? null : 'must be an IANA time zone such as Europe/Berlin',
)

export const DecimalScalar = textScalar(
  'Decimal',
  null,
  'A decimal number as text, so that nothing is rounded on the way, such as `19.90`.',
  (text) => (/^-?\d{1,20}(\.\d{1,12})?$/.test(text) ? null : 'must be a decimal number as text'),
)

export const UrlScalar = textScalar('URL', 'https://url.spec.whatwg.org/', 'An absolute http or https URL.', (text) =>
  URL.canParse(text) && /^https?:/i.test(text) ? null : 'must be an absolute http or https URL',
)
