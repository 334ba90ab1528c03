import { parseArgs } from 'node:util';

/** The options of a command, all of them optional. */
type Options = Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>;

/** The values of the options that were given. */
type Values<T extends Options> = { [Name in keyof T]?: T[Name]['type'] extends 'boolean' ? boolean : string };

/** Invalid arguments. The message contains the usage on separate lines. */
export class UsageError extends Error {
  constructor(
    problem: string,
    readonly usage: string,
  ) {
    super(problem);
    this.name = 'UsageError';
  }
}

/**
 * Parses the options of a command. With `--help` it prints the usage and ends the process.
 *
 * @param usage lines for people
 * @throws UsageError for an unknown option, an argument, a missing value or a surplus one
 */
export function readOptions<const T extends Options>(args: string[], options: T, usage: string): Values<T> {
  try {
    const { values } = parseArgs({ args, options: { ...options, help: { type: 'boolean' } }, strict: true });
    if ('help' in values && values.help === true) {
      console.log(usage);
      process.exit(0);
    }
    return values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's second sentence is about arguments that begin with a dash, which no command accepts.
    throw new UsageError(error.message.replace(/\. To specify .*$/s, ''), usage);
  }
}

/**
 * An option with a whole number.
 *
 * @param min minimum
 * @throws UsageError
 */
export function wholeNumber(name: string, value: string, min: number, usage: string): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) < min) {
    throw new UsageError(`--${name} takes a whole number, ${min} or more`, usage);
  }
  return Number(value);
}
