import type { Condition } from '../../condition/condition.ts'
import { evaluate } from '../../condition/evaluate.ts'
import { historyNeeds } from '../../condition/references.ts'
import { conditionShape } from '../../condition/validate.ts'
import { list, object, type Shape, text } from '../../shape.ts'
import type { NodeKind } from '../node-kind.ts'

export interface BranchConfig {
  branches: { name: string; when: Condition }[]
}

const config = object({
  branches: list(object({ name: text({ title: 'Port', pattern: /^[a-z][a-z0-9_]*$/, max: 50 }), when: conditionShape }), {
    title: 'Branches',
    min: 1,
    max: 20,
  }),
}) as Shape<BranchConfig>

/** Sends the token by the first branch whose condition holds. */
export const branch: NodeKind<BranchConfig> = {
  kind: 'branch',
  title: 'Branch',
  icon: 'git-branch',
  description: 'Takes the first branch, in order, whose condition holds; `else` where none does.',
  category: 'flow',
  config,
  ports: (settings) => [...settings.branches.map((each) => ({ name: each.name, title: each.name })), { name: 'else', title: 'Else' }],
  waits: () => false,
  check(settings, scope) {
    settings.branches.forEach((each, index) => {
      if (each.name === 'else' || settings.branches.findIndex((other) => other.name === each.name) !== index) {
        scope.report('INVALID_CONFIG', ['branches', String(index), 'name'], 'must be a port name of its own')
      }
    })
  },
  conditions: (settings) => settings.branches.map((each, index) => ({ path: ['branches', String(index), 'when'], condition: each.when })),
  history: (settings) => settings.branches.flatMap((each) => historyNeeds(each.when)),
  arrive(settings, scope) {
    for (const each of settings.branches) {
      if (evaluate(each.when, { facts: scope.facts, enrollment: scope.enrollment, now: scope.now })) return { go: each.name }
    }
    return { go: 'else' }
  },
}
