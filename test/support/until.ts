/** Asks again until there is an answer; fails by the test's own time-out if there never is one. */
export async function until<T>(ask: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined && answer !== false) return answer
    await new Promise((next) => setTimeout(next, 20))
  }
}
