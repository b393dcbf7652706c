import { p } from '@mikro-orm/core'

/** An instant: `Date` in entities, timestamptz in the table. */
export const instant = () => p.datetime().columnType('timestamptz')

/** The same, set by the application when the row is made, so that an entity is complete before it is flushed. */
export const madeAt = () => instant().onCreate(() => new Date())

export const changedAt = () => madeAt().onUpdate(() => new Date())

/** Sealed or hashed bytes. */
export const bytes = () => p.blob().$type<Buffer>()

/** The distribution column and first part of every contact-scoped key. */
export const lane = () => p.smallint().primary()
