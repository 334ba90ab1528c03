import { ValidateBy, type ValidationArguments } from 'class-validator';
import { parseInstant } from '../time.js';

/** What is wrong with a value, to follow the name of its field ("must be a string"), or `undefined`. */
type Describe = (value: unknown) => string | undefined;

/** A decorator whose message says which part of its rule is broken. */
function rule(name: string, describe: Describe, label?: string): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value: unknown) => describe(value) === undefined,
      defaultMessage: (argument?: ValidationArguments) =>
        `${label ?? argument?.property} ${describe(argument?.value)}`,
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
 * characters. Enough where an address is looked up; a new one is held to `IsEmail` besides.
 */
export function IsAddressLike(): PropertyDecorator {
  return rule('isAddressLike', (value) => {
    const wrong = wrongString(value) ?? wrongLength(value as string, 1, 254);
    if (wrong !== undefined) return wrong;
    return /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value as string)
      ? undefined
      : 'must be a valid email address';
  });
}

/**
 * An S3 object key that can only mean what it says: 1 to 1,024 bytes of UTF-8, no control characters, no leading
 * slash, no `.` or `..` segments.
 */
export function IsObjectKey(): PropertyDecorator {
  return rule('isObjectKey', (value) => wrongString(value) ?? wrongObjectKey(value as string));
}

/** An ISO 8601 instant with an offset; see {@link parseInstant}. */
export function IsInstant(): PropertyDecorator {
  return rule('isInstant', (value) =>
    typeof value === 'string' && parseInstant(value) !== undefined
      ? undefined
      : 'must be an ISO 8601 instant with an offset, such as 2025-09-25T01:06:21Z',
  );
}

/** A whole number between two bounds, both included. A number in a string is none. */
export function IsWhole(min: number, max: number): PropertyDecorator {
  return rule('isWhole', (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`,
  );
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

function wrongObjectKey(key: string): string | undefined {
  if (key === '') return 'must not be empty';
  if (Buffer.byteLength(key) > 1024) return 'must be at most 1024 bytes of UTF-8';
  if (/\p{Cc}/u.test(key)) return 'must not contain control characters';
  if (key.startsWith('/')) return 'must not start with a slash';
  const dots = key.split('/').some((segment) => segment === '.' || segment === '..');
  return dots ? 'must not contain "." or ".." segments' : undefined;
}
