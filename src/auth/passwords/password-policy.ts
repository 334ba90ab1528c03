import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';
import { UnavailableError, ValidationError } from '../../common/errors/domain-errors.js';
import { AppConfig } from '../../config/config.js';
import { Email } from '../../users/email.js';

const require = createRequire(import.meta.url);

/**
 * What a new password must not be: one of the most common passwords (NIST SP 800-63B §5.1.1.2), if that is configured,
 * or the email in any spelling. There are no composition rules. The DTO validates the length.
 */
@Injectable()
export class PasswordPolicy {
  private common: ReadonlySet<string> | undefined;

  constructor(private readonly config: AppConfig) {}

  /**
   * @param field name of the password in the request
   * @throws ValidationError with this field
   * @throws UnavailableError if the list cannot be read now
   */
  assertAcceptable(password: string, email: Email, field: string): void {
    if (Email.read(password).equals(email)) refuse(field, 'Password must not be the email address');
    if (!this.config.passwords.blockCommon) return;
    this.common ??= loadCommonPasswords();
    if (this.common.has(password.toLowerCase())) refuse(field, 'Password is one of the most common ones');
  }
}

/**
 * Loaded at first use: the list takes some megabytes. By `require`, because a failed `import` (for example with too
 * many open files) fails for the rest of the process's lifetime.
 *
 * @throws UnavailableError if it cannot be read now
 */
function loadCommonPasswords(): ReadonlySet<string> {
  try {
    const { dictionary } =
      require('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common');
    return new Set(dictionary['passwords-common']);
  } catch (error) {
    throw new UnavailableError('Passwords cannot be checked now', 1, { cause: error });
  }
}

function refuse(field: string, message: string): never {
  throw new ValidationError([{ field, message }]);
}
