import { types } from 'node:util';

/**
 * Lets `instanceof Error` hold for the errors that Node itself makes, a refused connection among them. Jest runs the
 * tests in a context with an `Error` of its own, and the AWS SDK hides what is no `instanceof` it behind a wrapper
 * that has lost the code: a refused connection would look like nothing the application ever meets outside of Jest.
 */
export function adoptNativeErrors(): void {
  const inherited = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      return inherited.call(this as () => void, value) || (this === Error && types.isNativeError(value));
    },
  });
}
