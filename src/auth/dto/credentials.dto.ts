import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail } from 'class-validator';
import { IsAddressLike, IsText } from '../../common/validation/rules.js';

/** Emails are compared trimmed and in lower case. */
function normaliseEmail({ value }: { value: unknown }): unknown {
  return typeof value === 'string' ? value.trim().toLowerCase() : value;
}

const EMAIL_SCHEMA = {
  description: 'Trimmed and lower-cased before anything else',
  example: 'ada@example.com',
  format: 'email',
  maxLength: 254,
} as const;

const PASSWORD_EXAMPLE = 'correct horse battery';

export class RegisterDto {
  @ApiProperty(EMAIL_SCHEMA)
  @Transform(normaliseEmail)
  @IsEmail({}, { message: '$property must be a valid email address' })
  @IsAddressLike()
  readonly email: string;

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
  // Only the shape: whoever has an account has an address that some earlier rule accepted.
  @ApiProperty(EMAIL_SCHEMA)
  @Transform(normaliseEmail)
  @IsAddressLike()
  readonly email: string;

  @ApiProperty({ example: PASSWORD_EXAMPLE, format: 'password', minLength: 1, maxLength: 256 })
  @IsText(1, 256, 'Password')
  readonly password: string;
}
