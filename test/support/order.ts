import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Folders whose files take longest, most of it spent waiting: for processes that start, heartbeats that stop, delays that pass.
 * Those that start many processes (chaos, bench, guarantees) lie apart: side by side each was seen to take twice as long, and came nearer its limit.
 */
const FIRST = ['chaos', 'jobs', 'bench', 'journeys', 'guarantees', 'http']

/** Long files first, so that no worker is left alone with one at the end; vitest goes by size where it has not yet run them here. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = FIRST.findIndex((folder) => moduleId.includes(`/test/${folder}/`))
      return found === -1 ? FIRST.length : found
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}
