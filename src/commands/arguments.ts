import { parseArgs } from 'node:util';

/** What a command takes, all of it optional. */
type Options = Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>;

/** The values of those that were given. */
type Values<T extends Options> = { [Name in keyof T]?: T[Name]['type'] extends 'boolean' ? boolean : string };

/** Arguments that a command does not take. The message has the usage after it, on lines of its own. */
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
 * The options of a command, and nothing besides. With `--help` it prints the usage and ends the process.
 *
 * @param usage its lines, as people read them
 * @throws UsageError for an unknown option, an argument, and a value that is missing or one too many
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
    // Its second sentence is about arguments that begin with a dash, which no command takes.
    throw new UsageError(error.message.replace(/\. To specify .*$/s, ''), usage);
  }
}

/**
 * A whole number among the options.
 *
 * @param min the least that is taken
 * @throws UsageError
 */
export function wholeNumber(name: string, value: string, min: number, usage: string): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) < min) {
    throw new UsageError(`--${name} takes a whole number, ${min} or more`, usage);
  }
  return Number(value);
}
