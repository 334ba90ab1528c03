import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { parseInstant } from '../time.js';

/**
 * What is wrong with a value, as the end of a sentence after the name of its field ("must be a string"), or
 * `undefined`.
 */
type Describe = (value: unknown, whole?: object) => string | undefined;

/** A decorator whose message says which part of its rule is violated. */
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
 * A string of `min` to `max` characters. Counted in code points, as in the older backend. An unpaired surrogate is
 * refused, because it has no UTF-8 form.
 *
 * @param label name of the field in the message; the property name by default
 */
export function IsText(min: number, max: number, label?: string): PropertyDecorator {
  return rule('isText', (value) => wrongString(value) ?? wrongLength(value as string, min, max), label);
}

/**
 * A minimal check of an email address: 1 to 254 characters, one `@` between two parts, no spaces, no control
 * characters. It is enough where an address is only looked up.
 *
 * @param textOf returns the address if the value is not the text itself
 */
export function IsAddressLike(textOf = (value: unknown): unknown => value): PropertyDecorator {
  return rule('isAddressLike', (value) => wrongAddress(textOf(value)));
}

/**
 * An unambiguous S3 object key: 1 to 1,024 bytes of UTF-8, no control characters, no other characters that XML does not
 * allow, no trailing space, which some object stores drop, no leading slash, no `.` or `..` segments.
 */
export function IsObjectKey(): PropertyDecorator {
  return rule('isObjectKey', wrongObjectKey);
}

/** An ISO 8601 instant with an offset; see {@link parseInstant}. */
export function IsInstant(): PropertyDecorator {
  return rule('isInstant', wrongInstant);
}

/**
 * The same in the query of a URL, where a `+` that is not encoded is a space. If the instant would be valid with a `+`,
 * the message says so.
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

/** A whole number between two bounds, both included. A number in a string is refused. */
export function IsWhole(min: number, max: number): PropertyDecorator {
  return rule('isWhole', (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`,
  );
}

/** Converts a query parameter of digits only. Anything else is not converted and fails validation. */
export function ToWholeNumber(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );
}

/** A number between two bounds, both included. A number in a string is refused. */
export function IsNumberBetween(min: number, max: number): PropertyDecorator {
  return rule('isNumberBetween', (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : `must be a number from ${min} to ${max}`,
  );
}

/** A list of `min` to `max` items. Other rules check the items. */
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

/** One of a list of words. */
export function IsOneOf(words: readonly string[]): PropertyDecorator {
  return rule('isOneOf', (value) =>
    words.includes(value as string) ? undefined : `must be one of ${words.join(', ')}`,
  );
}

/** A string that matches a pattern. @param wrong message for anything else, after the name of the field */
export function IsLike(pattern: RegExp, wrong: string): PropertyDecorator {
  return rule('isLike', (value) => wrongString(value) ?? (pattern.test(value as string) ? undefined : wrong));
}

/**
 * What is wrong with an email address, as the end of a sentence after the name of its field, see {@link IsAddressLike}.
 */
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

/** What is wrong with an object key, as the end of a sentence after the name of its field, see {@link IsObjectKey}. */
export function wrongObjectKey(value: unknown): string | undefined {
  return wrongString(value) ?? wrongKey(value as string);
}

function wrongKey(key: string): string | undefined {
  if (key === '') return 'must not be empty';
  if (Buffer.byteLength(key) > 1024) return 'must be at most 1024 bytes of UTF-8';
  if (/\p{Cc}/u.test(key)) return 'must not contain control characters';
  // S3 accepts these characters but cannot return them: its list and delete responses are XML.
  if (/[\ufffe\uffff]/u.test(key)) return 'must not contain U+FFFE or U+FFFF';
  if (key.trimEnd() !== key) return 'must not end with a blank';
  if (key.startsWith('/')) return 'must not start with a slash';
  const dots = key.split('/').some((segment) => segment === '.' || segment === '..');
  return dots ? 'must not contain "." or ".." segments' : undefined;
}
