import { ArgsType, Field, Int, ObjectType } from 'type-graphql'
import { ThroughlineError } from '../errors.ts'
import type { Slice } from '../services/slice.ts'
import { DEFAULT_PAGE, LARGEST_PAGE } from './limits.ts'

@ObjectType({ description: 'Where a page stands in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows `endCursor`; asked for with `last`, whether the page was asked for with `before`.' })
  hasNextPage!: boolean
  @Field(() => Boolean, {
    description: 'Whether something comes before `startCursor`; asked for with `first`, whether the page was asked for with `after`.',
  })
  hasPreviousPage!: boolean
  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first edge; null for an empty page; give it as `before`, with `last`, for the page before.',
  })
  startCursor!: string | null
  @Field(() => String, { nullable: true, description: 'Cursor of the last edge; give it as `after`, with `first`, for the next page.' })
  endCursor!: string | null
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `How many from the start, at most ${LARGEST_PAGE}; ${DEFAULT_PAGE} where \`last\` is left out, too.`,
  })
  first?: number | null
  @Field(() => String, { nullable: true, description: 'The cursor to begin after.' })
  after?: string | null
  @Field(() => Int, { nullable: true, description: `How many from the end, at most ${LARGEST_PAGE}; not together with \`first\`.` })
  last?: number | null
  @Field(() => String, { nullable: true, description: 'The cursor to end before.' })
  before?: string | null
}

export interface Page<T> {
  edges: { cursor: string; node: T }[]
  pageInfo: PageInfo
}

/** Declares `NameConnection` and `NameEdge` for an object type, as Relay's cursor connections have them. */
export function connectionOf<T extends object>(name: string, type: () => new (...args: never[]) => T): new () => Page<T> {
  @ObjectType(`${name}Edge`, { description: `One ${name} in a list, and where it stands.` })
  class Edge {
    @Field(() => String, { description: 'Opaque; give it as `after` or `before`.' })
    cursor!: string
    @Field(type, { description: 'What stands here.' })
    node!: T
  }
  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class Connection {
    @Field(() => [Edge], { description: 'The page, in the order of the list.' })
    edges!: Edge[]
    @Field(() => PageInfo, { description: 'Where the page stands.' })
    pageInfo!: PageInfo
  }
  return Connection
}

/** The cursor of a position of `pageOf`. */
export const toCursor = (position: string) => Buffer.from(position).toString('base64url')

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function readCursor(cursor: string | null | undefined, argument: 'after' | 'before', form: RegExp): string | null {
  if (cursor == null) return null
  const position = Buffer.from(cursor, 'base64url').toString()
  if (!form.test(position)) throw new ThroughlineError('INVALID_INPUT', 'is not a cursor of this list', { path: [argument] })
  return position
}

function sizeOf({ first, last }: PageArgs): number {
  if (first != null && last != null) throw new ThroughlineError('INVALID_INPUT', 'is not given together with first', { path: ['last'] })
  const size = last ?? first ?? DEFAULT_PAGE
  if (size < 0 || size > LARGEST_PAGE)
    throw new ThroughlineError('INVALID_INPUT', `must be from 0 to ${LARGEST_PAGE}`, { path: [last == null ? 'first' : 'last'] })
  return size
}

/**
 * One page of a list, as Relay's Cursor Connections have it (§4.3, §4.4). `fetch` is asked for one more than the page
 * holds, so that knowing whether there is more costs no count; `position` is the id a row is continued from. Throws
 * INVALID_INPUT for a page out of bounds or a foreign cursor.
 */
export async function pageOf<Row, T>(
  args: PageArgs,
  fetch: (slice: Slice) => Promise<readonly Row[]>,
  position: (row: Row) => string,
  wrap: (row: Row) => T,
  form = UUID,
): Promise<Page<T>> {
  const size = sizeOf(args)
  const after = readCursor(args.after, 'after', form)
  const before = readCursor(args.before, 'before', form)
  const fromEnd = args.last != null
  const rows = await fetch({ first: size + 1, before: after, since: before, oldestFirst: fromEnd })
  const more = rows.length > size
  const page = rows.slice(0, size)
  const edges = (fromEnd ? page.reverse() : page).map((row) => ({ cursor: toCursor(position(row)), node: wrap(row) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: before !== null || (more && !fromEnd),
      hasPreviousPage: after !== null || (more && fromEnd),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}
