import type { ApiContext } from '../context.ts'
import { versionLoader } from './loaders.ts'
import type { JourneyNode } from './node-types.ts'
import { JourneyGraph } from './types.ts'

/** A version's node by its key; null where there is none. */
export async function journeyNodeOf(
  context: ApiContext,
  versionId: string | null | undefined,
  key: string | null | undefined,
): Promise<JourneyNode | null> {
  const version = versionId == null || key == null ? null : await versionLoader(context).load(versionId)
  return version === null ? null : (new JourneyGraph(version.journeyId, version.graph, version.id).nodeOf(key ?? '') ?? null)
}
