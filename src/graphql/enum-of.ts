/** What type-graphql takes for an enum: each value under its own name. */
export const enumOf = <const T extends string>(values: readonly T[]) => Object.fromEntries(values.map((each) => [each, each])) as { [V in T]: V }
