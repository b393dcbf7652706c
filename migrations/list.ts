import { Migration001Foundation } from './001-foundation.ts'

/** In order; named in code instead of found on disk, so that sources and the compiled build run the same list. */
export const MIGRATIONS = [Migration001Foundation]
