import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../common/errors/domain-errors.js';
import { AppConfig } from '../../config/config.js';
import { Email } from '../../users/email.js';

/**
 * What a new password must not be: one of the most common ones (NIST SP 800-63B §5.1.1.2), where that is configured,
 * or the email, however it is written. No rules of composition. Length is checked with the shape of the request.
 */
@Injectable()
export class PasswordPolicy {
  private common: Promise<ReadonlySet<string>> | undefined;

  constructor(private readonly config: AppConfig) {}

  /**
   * @param field what the request calls the password
   * @throws ValidationError naming it
   */
  async assertAcceptable(password: string, email: Email, field: string): Promise<void> {
    if (Email.read(password).equals(email)) refuse(field, 'Password must not be the email address');
    if (!this.config.passwords.blockCommon) return;
    this.common ??= loadCommonPasswords().catch((error: unknown) => {
      // Files that cannot be read now may be read next time.
      this.common = undefined;
      throw error;
    });
    if ((await this.common).has(password.toLowerCase()))
      refuse(field, 'Password is one of the most common ones');
  }
}

/** Loaded when it is first needed: the list takes some megabytes. */
async function loadCommonPasswords(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common']);
}

function refuse(field: string, message: string): never {
  throw new ValidationError([{ field, message }]);
}
