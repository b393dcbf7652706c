import { createParameterDecorator, type MiddlewareFn, UseMiddleware } from 'type-graphql'

const PLAIN = Symbol('plain arguments')

/** Out of type-graphql's sight: what it finds among the arguments it turns into instances, even for a parameter that wants none. */
const hideArguments: MiddlewareFn = (data, next) => {
  if (!(PLAIN in data.args)) data.args = { [PLAIN]: data.args }
  return next()
}

/**
 * An argument as graphql-js coerced it, a tree of plain objects, where `@Arg` makes a class's instance of each: for the
 * hot door, whose thousand events a call need none and spent a tenth of the API's time on becoming some. All arguments
 * of such a field are taken in this way.
 */
export const PlainArg =
  (name: string, type: () => new () => object): ParameterDecorator =>
  (prototype, method, index) => {
    UseMiddleware(hideArguments)(prototype, method as string, {})
    createParameterDecorator(({ args }) => args[PLAIN as never][name], { arg: { name, typeFunc: type } })(prototype, method as string, index)
  }
