/**
 * Look-ups of one key that are asked for while one is under way share the next. Each still begins after it was asked for, so
 * that nobody is answered what was true before; with many callers at once there are two at a time instead of as many as callers.
 */
export function sharedLookUp<T>(lookUp: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const flights = new Map<string, { current: Promise<T>; next: Promise<T> | null }>()
  const begin = (key: string): Promise<T> => {
    const flight = { current: lookUp(key), next: null }
    flights.set(key, flight)
    const land = () => {
      if (flight.next === null) flights.delete(key)
    }
    flight.current.then(land, land)
    return flight.current
  }
  return (key) => {
    const flight = flights.get(key)
    if (flight === undefined) return begin(key)
    const again = () => begin(key)
    flight.next ??= flight.current.then(again, again)
    return flight.next
  }
}
