import type { journeysByIds, versionsByIds } from '../../services/journeys.ts'

/** Rows as the services answer them: the API never names the store. */
export type JourneyEntry = NonNullable<ReturnType<Awaited<ReturnType<typeof journeysByIds>>['get']>>
export type VersionEntry = NonNullable<ReturnType<Awaited<ReturnType<typeof versionsByIds>>['get']>>
