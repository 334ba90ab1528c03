import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { parseInstant } from '../time.js';

/** What is wrong with a value, to follow the name of its field ("must be a string"), or `undefined`. */
type Describe = (value: unknown, whole?: object) => string | undefined;

/** A decorator whose message says which part of its rule is broken. */
export function rule(name: string, describe: Describe, label?: string): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value: unknown, argument?: ValidationArguments) =>
        describe(value, argument?.object) === undefined,
      defaultMessage: (argument?: ValidationArguments) =>
        `${label ?? argument?.property} ${describe(argument?.value, argument?.object)}`,
    },
  });
}

/**
 * A string of `min` to `max` characters. Counted as code points, as the older backend does; half of a surrogate pair
 * is refused, since it has no UTF-8 form.
 *
 * @param label what the message calls the field; its name where left out
 */
export function IsText(min: number, max: number, label?: string): PropertyDecorator {
  return rule('isText', (value) => wrongString(value) ?? wrongLength(value as string, min, max), label);
}

/**
 * What could be an email address at all: 1 to 254 characters, one `@` between two parts, no spaces, no control
 * characters. Enough where an address is looked up.
 *
 * @param textOf gives the address where the value is not the text itself
 */
export function IsAddressLike(textOf = (value: unknown): unknown => value): PropertyDecorator {
  return rule('isAddressLike', (value) => wrongAddress(textOf(value)));
}

/**
 * An S3 object key that can only mean what it says: 1 to 1,024 bytes of UTF-8, no control characters, nothing else that
 * XML cannot hold, no blank at its end, which some stores drop, no leading slash, no `.` or `..` segments.
 */
export function IsObjectKey(): PropertyDecorator {
  return rule('isObjectKey', wrongObjectKey);
}

/** An ISO 8601 instant with an offset; see {@link parseInstant}. */
export function IsInstant(): PropertyDecorator {
  return rule('isInstant', wrongInstant);
}

/**
 * The same in the query of a URL, where a `+` that is not encoded is a space: the message of an instant that would be right
 * with a `+` says so.
 */
export function IsInstantOfQuery(): PropertyDecorator {
  return rule('isInstantOfQuery', (value) => {
    const wrong = wrongInstant(value);
    const isUnencoded = wrong !== undefined && typeof value === 'string' && /\S \d/.test(value);
    return isUnencoded && parseInstant(value.replace(' ', '+')) !== undefined
      ? 'has a space where the offset begins: in a URL, + is written %2B, as in 2025-09-25T03:06:21%2B02:00'
      : wrong;
  });
}

/** A whole number between two bounds, both included. A number in a string is none. */
export function IsWhole(min: number, max: number): PropertyDecorator {
  return rule('isWhole', (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`,
  );
}

/** A query parameter of digits only; anything else stays what it is and fails validation. */
export function ToWholeNumber(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );
}

/** A number between two bounds, both included. A number in a string is none. */
export function IsNumberBetween(min: number, max: number): PropertyDecorator {
  return rule('isNumberBetween', (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : `must be a number from ${min} to ${max}`,
  );
}

/** A list of `min` to `max` things; what they are is for others to say. */
export function IsList(min: number, max: number): PropertyDecorator {
  return rule('isList', (value) => wrongList(value, min, max));
}

/** A list of at most `max` texts of 1 to `length` characters each. */
export function IsTextList(max: number, length: number): PropertyDecorator {
  return rule('isTextList', (value) => {
    const wrong = wrongList(value, 0, max);
    if (wrong !== undefined) return wrong;
    for (const [n, item] of (value as unknown[]).entries()) {
      const wrongItem = wrongString(item) ?? wrongLength(item as string, 1, length);
      if (wrongItem !== undefined) return `must have only good entries: number ${n + 1} ${wrongItem}`;
    }
    return undefined;
  });
}

/** One of some words. */
export function IsOneOf(words: readonly string[]): PropertyDecorator {
  return rule('isOneOf', (value) =>
    words.includes(value as string) ? undefined : `must be one of ${words.join(', ')}`,
  );
}

/** What matches a pattern. @param wrong what to say of anything else, after the name of the field */
export function IsLike(pattern: RegExp, wrong: string): PropertyDecorator {
  return rule('isLike', (value) => wrongString(value) ?? (pattern.test(value as string) ? undefined : wrong));
}

/** What is wrong with an email address, to follow the name of its field; see {@link IsAddressLike}. */
export function wrongAddress(value: unknown): string | undefined {
  const wrong = wrongString(value) ?? wrongLength(value as string, 1, 254);
  if (wrong !== undefined) return wrong;
  return /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value as string) ? undefined : 'must be a valid email address';
}

function wrongInstant(value: unknown): string | undefined {
  return typeof value === 'string' && parseInstant(value) !== undefined
    ? undefined
    : 'must be an ISO 8601 instant with an offset, such as 2025-09-25T01:06:21Z';
}

function wrongList(value: unknown, min: number, max: number): string | undefined {
  if (value === undefined || value === null) return 'is required';
  if (!Array.isArray(value)) return 'must be a list';
  if (value.length < min) return `must have at least ${min} ${min === 1 ? 'entry' : 'entries'}`;
  return value.length > max ? `must have at most ${max} entries` : undefined;
}

function wrongString(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'is required';
  if (typeof value !== 'string') return 'must be a string';
  return value.isWellFormed() ? undefined : 'must be valid Unicode';
}

function wrongLength(value: string, min: number, max: number): string | undefined {
  const length = [...value].length;
  if (length < min) return min === 1 ? 'must not be empty' : `must be at least ${min} characters`;
  return length > max ? `must be at most ${max} characters` : undefined;
}

/** What is wrong with an object key, to follow the name of its field; see {@link IsObjectKey}. */
export function wrongObjectKey(value: unknown): string | undefined {
  return wrongString(value) ?? wrongKey(value as string);
}

function wrongKey(key: string): string | undefined {
  if (key === '') return 'must not be empty';
  if (Buffer.byteLength(key) > 1024) return 'must be at most 1024 bytes of UTF-8';
  if (/\p{Cc}/u.test(key)) return 'must not contain control characters';
  // S3 takes them, and cannot name them in its answers: listing and deleting is XML.
  if (/[\ufffe\uffff]/u.test(key)) return 'must not contain U+FFFE or U+FFFF';
  if (key.trimEnd() !== key) return 'must not end with a blank';
  if (key.startsWith('/')) return 'must not start with a slash';
  const dots = key.split('/').some((segment) => segment === '.' || segment === '..');
  return dots ? 'must not contain "." or ".." segments' : undefined;
}
