import { Transform } from 'class-transformer';
import { IsAddressLike, rule, wrongAddress } from '../../common/validation/rules.js';
import { Email, whyNotNew } from '../email.js';

/** Converts a field to an {@link Email}. A value that is not a string is not changed and fails validation. */
export function ToEmail(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? Email.read(value) : value,
  );
}

/**
 * An email address of an existing account. Only the format is checked, because earlier rules accepted other addresses.
 */
export function IsEmailOfAccount(): PropertyDecorator {
  return IsAddressLike(textOf);
}

/** An email address of a new account, see {@link whyNotNew}. */
export function IsNewEmail(): PropertyDecorator {
  return rule('isNewEmail', (value) => wrongAddress(textOf(value)) ?? whyNotNew(value as Email));
}

function textOf(value: unknown): unknown {
  return value instanceof Email ? value.canonical : value;
}
