import type { Happening } from '../domain/entry.ts'
import type { CompiledGraph } from '../domain/journey/compile.ts'
import type { EnrollmentState, Input } from '../domain/journey/enrollment.ts'

/**
 * A version that this build cannot run stands still and loses nothing: its enrollments keep what they would have heard, and what may
 * have let somebody in is kept as a watch. Both are looked at again and again, until a build or a version comes that can be run.
 */
const LOOK_AGAIN = 600_000

/** The node of a watch that keeps a happening, not a trigger's clock. No node has an empty key. */
export const KEPT = ''

/**
 * When what stands still is looked at next. One instant for all: in the tick that finds a journey runnable again, what was kept is
 * judged before the clocks that it may have put off.
 */
export const lookAgainAt = (now: number): number => (Math.floor(now / LOOK_AGAIN) + 1) * LOOK_AGAIN

/** Whether a version that cannot be run might let somebody in for this, as far as its words tell. */
export function mayConcern({ listensTo }: CompiledGraph, happening: Happening): boolean {
  if (happening.type === 'contact') return listensTo.has('contact_trigger')
  return happening.type === 'api' || listensTo.has(happening.event.name) || listensTo.has('inactivity_trigger')
}

/** The state with one more input to be folded later. Its own timer is kept aside: what wakes it now is the next look. */
export function keepInput(state: EnrollmentState, input: Input, now: number): EnrollmentState {
  const { dueAt, inputs } = state.kept ?? { dueAt: state.dueAt, inputs: [] }
  // A timer that is due stays due, and that something about the contact changed is asked once.
  const known = input.type === 'timer' || (input.type === 'contact' && inputs.some((each) => each.type === 'contact'))
  return { ...state, dueAt: lookAgainAt(now), kept: { dueAt, inputs: known ? inputs : [...inputs, input] } }
}

/** The state as it was before it stood still, and what it has to be told. */
export function takeKept(state: EnrollmentState): { state: EnrollmentState; inputs: readonly Input[] } {
  const { kept, ...rest } = state
  return kept === undefined ? { state, inputs: [] } : { state: { ...rest, dueAt: kept.dueAt }, inputs: kept.inputs }
}
