/** The environment is invalid. The message has one line for each problem and can be printed as it is. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super(`The configuration has ${count}:\n${problems.join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

/** Inclusive bounds of a whole number. */
export interface IntegerRule {
  default: number;
  min: number;
  max: number;
}

/**
 * Reads typed values from environment variables and collects all problems, so that an operator can fix a deployment in
 * one step. An empty value counts as unset, as in a `.env` file. A problem never contains the value: it may be a secret
 * in the wrong place.
 */
export class EnvironmentReader {
  private readonly problems: string[] = [];
  /** Suspicious settings that do not prevent a start; one line each. */
  readonly warnings: string[] = [];
  /** Names that were read, set or not. */
  readonly asked = new Set<string>();

  constructor(private readonly environment: Readonly<Record<string, string | undefined>>) {}

  /** The raw value, or `undefined` if it is unset or empty. */
  optional(name: string): string | undefined {
    this.asked.add(name);
    const value = this.environment[name];
    return value === undefined || value === '' ? undefined : value;
  }

  /** Text that must match a pattern; `rule` completes the sentence "NAME must be …". */
  text(name: string, fallback: string, pattern: RegExp, rule: string): string {
    const value = this.optional(name);
    if (value === undefined) return fallback;
    if (!pattern.test(value)) this.problem(name, rule);
    return value;
  }

  /** A whole number in decimal digits. */
  integer(name: string, rule: IntegerRule): number {
    const value = this.optional(name);
    if (value === undefined) return rule.default;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= rule.min && number <= rule.max)) {
      this.problem(name, `a whole number from ${rule.min} to ${rule.max}`);
    }
    return number;
  }

  /** One of a list of words. */
  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const value = this.optional(name);
    if (value === undefined) return fallback;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) this.problem(name, `one of ${words.join(', ')}`);
    return word ?? fallback;
  }

  /** An http or https URL without credentials, path or query, such as the example. */
  endpoint(name: string, example: string): string | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const plain =
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      url.pathname === '/' &&
      url.search === '' &&
      url.hash === '';
    if (!plain) this.problem(name, `a URL such as ${example}`);
    return value;
  }

  /** A comma-separated list. */
  list(name: string): string[] {
    return (this.optional(name) ?? '')
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }

  /** Records a problem as "NAME must be RULE". */
  problem(name: string, rule: string): void {
    const problem = `${name} must be ${rule}`;
    // Some variables are read for several parts.
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  /** Records a setting that is corrected automatically. */
  warning(line: string): void {
    this.warnings.push(line);
  }

  /**
   * Ends the reading.
   *
   * @throws ConfigurationError if there are problems
   */
  finish(): void {
    if (this.problems.length > 0) throw new ConfigurationError(this.problems);
  }
}
