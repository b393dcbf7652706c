import { ArgsType, Field, Int, ObjectType } from 'type-graphql'
import { ThroughlineError } from '../errors.ts'
import { DEFAULT_PAGE, LARGEST_PAGE } from './limits.ts'

@ObjectType({ description: 'Where a page stands in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows `endCursor`.' })
  hasNextPage!: boolean
  @Field(() => Boolean, { description: 'Whether something comes before `startCursor`; known only as far as the page was asked for with `after`.' })
  hasPreviousPage!: boolean
  @Field(() => String, { nullable: true, description: 'Cursor of the first edge; null for an empty page.' })
  startCursor!: string | null
  @Field(() => String, { nullable: true, description: 'Cursor of the last edge; give it as `after` for the next page.' })
  endCursor!: string | null
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: `How many, at most ${LARGEST_PAGE}; ${DEFAULT_PAGE} where left out.` })
  first?: number | null
  @Field(() => String, { nullable: true, description: 'The cursor to continue after.' })
  after?: string | null
}

export interface Page<T> {
  edges: { cursor: string; node: T }[]
  pageInfo: PageInfo
}

/** Declares `NameConnection` and `NameEdge` for an object type, as Relay's cursor connections have them. */
export function connectionOf<T extends object>(name: string, type: () => new (...args: never[]) => T): new () => Page<T> {
  @ObjectType(`${name}Edge`, { description: `One ${name} in a list, and where it stands.` })
  class Edge {
    @Field(() => String, { description: 'Opaque; give it as `after`.' })
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

const toCursor = (position: string) => Buffer.from(position).toString('base64url')

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function readCursor(cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').toString()
  if (!UUID.test(position)) throw new ThroughlineError('INVALID_INPUT', 'is not a cursor of this list', { path: ['after'] })
  return position
}

/**
 * One page of a list. `fetch` is asked for one more than the page holds, so that `hasNextPage` costs no count;
 * `position` is the id a row is continued after. Throws INVALID_INPUT for a page out of bounds or a foreign cursor.
 */
export async function pageOf<Row, T>(
  args: PageArgs,
  fetch: (limit: number, after: string | null) => Promise<readonly Row[]>,
  position: (row: Row) => string,
  wrap: (row: Row) => T,
): Promise<Page<T>> {
  const first = args.first ?? DEFAULT_PAGE
  if (first < 0 || first > LARGEST_PAGE) throw new ThroughlineError('INVALID_INPUT', `must be from 0 to ${LARGEST_PAGE}`, { path: ['first'] })
  const after = args.after == null ? null : readCursor(args.after)
  const rows = await fetch(first + 1, after)
  const edges = rows.slice(0, first).map((row) => ({ cursor: toCursor(position(row)), node: wrap(row) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}
