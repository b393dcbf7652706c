import { createParameterDecorator } from 'type-graphql'

/**
 * An argument as graphql-js coerced it, a tree of plain objects, where `@Arg` makes a class's instance of each: for the
 * hot door, whose thousand events a call need none and spent a fourteenth of the API's time on becoming some.
 */
export const PlainArg = (name: string, type: () => new () => object): ParameterDecorator =>
  createParameterDecorator(({ args }) => args[name], { arg: { name, typeFunc: type } }) as ParameterDecorator
