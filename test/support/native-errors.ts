import { types } from 'node:util';

/**
 * Makes `instanceof Error` true for errors that Node creates, such as a refused connection. Jest runs the tests in a
 * context with its own `Error`, and the AWS SDK wraps other errors without their code: a refused connection would look
 * different from production.
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
