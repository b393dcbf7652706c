import type { Condition } from './condition.ts'

type KeyOf<C> = C extends unknown ? keyof C : never
export type ConditionKind = KeyOf<Condition>
/** What stands under a member's name, e.g. `MemberOf<'tag'>` is text. */
export type MemberOf<K extends ConditionKind> = Extract<Condition, Record<K, unknown>>[K]

/** One function per member of the language; whoever reads conditions writes such a table, so a new member is missed nowhere. */
export type ByMember<R, Extra extends unknown[] = []> = { [K in ConditionKind]: (member: MemberOf<K>, ...extra: Extra) => R }

/** Applies the table's function for the one member a condition has; undefined where it has none that is known. */
export function applyMember<R, Extra extends unknown[]>(table: ByMember<R, Extra>, condition: Condition, ...extra: Extra): R | undefined {
  for (const kind of Object.keys(condition) as ConditionKind[]) {
    if (!Object.hasOwn(table, kind)) continue
    const apply = table[kind] as (member: unknown, ...rest: Extra) => R
    return apply((condition as Record<string, unknown>)[kind], ...extra)
  }
  return undefined
}

/** What the contact's own fields are called in attribute paths; their values are text, `$createdAt`'s ISO 8601 with milliseconds in UTC. */
export const BUILT_INS = ['$externalId', '$locale', '$timeZone', '$createdAt'] as const
export type BuiltIn = (typeof BUILT_INS)[number]
