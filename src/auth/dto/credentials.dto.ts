import { ApiProperty } from '@nestjs/swagger';
import { IsText } from '../../common/validation/rules.js';
import { IsEmailOfAccount, IsNewEmail, ToEmail } from '../../users/dto/email.rules.js';
import type { Email } from '../../users/email.js';

const EMAIL_SCHEMA = {
  type: String,
  description:
    'All spellings of one mailbox are equal: trimmed, the domain by UTS 46, the part before the `@` composed (NFC) and in ' +
    'lower case',
  example: 'ada@example.com',
  format: 'email',
  maxLength: 254,
} as const;

const PASSWORD_EXAMPLE = 'correct horse battery';

export class RegisterDto {
  @ApiProperty({
    ...EMAIL_SCHEMA,
    description: `${EMAIL_SCHEMA.description}. The local part has no invisible characters and no compatibility characters (NFKC)`,
  })
  @ToEmail()
  @IsNewEmail()
  readonly email: Email;

  @ApiProperty({
    description: 'Any characters; never trimmed or normalised',
    example: PASSWORD_EXAMPLE,
    format: 'password',
    minLength: 8,
    maxLength: 256,
  })
  @IsText(8, 256, 'Password')
  readonly password: string;
}

export class LoginDto {
  @ApiProperty(EMAIL_SCHEMA)
  @ToEmail()
  @IsEmailOfAccount()
  readonly email: Email;

  @ApiProperty({ example: PASSWORD_EXAMPLE, format: 'password', minLength: 1, maxLength: 256 })
  @IsText(1, 256, 'Password')
  readonly password: string;
}
