import { Transform } from 'class-transformer';
import { IsAddressLike, rule, wrongAddress } from '../../common/validation/rules.js';
import { Email, whyNotNew } from '../email.js';

/** Reads a field as an {@link Email}; what is no text stays as it is and fails validation. */
export function ToEmail(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? Email.read(value) : value,
  );
}

/**
 * An address that an account may have: the shape alone, since whoever has an account has an address that some earlier rule
 * accepted.
 */
export function IsEmailOfAccount(): PropertyDecorator {
  return IsAddressLike(textOf);
}

/** An address that a new account may have; see {@link whyNotNew}. */
export function IsNewEmail(): PropertyDecorator {
  return rule('isNewEmail', (value) => wrongAddress(textOf(value)) ?? whyNotNew(value as Email));
}

function textOf(value: unknown): unknown {
  return value instanceof Email ? value.canonical : value;
}
