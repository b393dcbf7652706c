/** Milliseconds. At 20 a sixth of all that stories cost was their asking; at 100 they take longer than that saves. */
const PAUSE = 50

/** Asks again until there is an answer; fails by the test's own time-out if there never is one. */
export async function until<T>(ask: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined && answer !== false) return answer
    await new Promise((next) => setTimeout(next, PAUSE))
  }
}
