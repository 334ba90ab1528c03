import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { Request } from 'express';
import { ValidationError } from '../../errors/domain-errors.js';
import { valuesOf } from './repeated-headers.js';

/** Pattern of an idempotency key. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
export const NOT_AN_IDEMPOTENCY_KEY = 'must be 1 to 255 printable ASCII characters';

const HEADER = 'Idempotency-Key';

/**
 * The idempotency key of the request (draft-ietf-httpapi-idempotency-key-header), if there is one. The same key sent
 * twice is accepted; two different keys are refused.
 */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const [key, ...others] = valuesOf(context.switchToHttp().getRequest<Request>(), HEADER.toLowerCase());
  if (others.length > 0) refuse('must be one key');
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) refuse(NOT_AN_IDEMPOTENCY_KEY);
  return key;
});

function refuse(rule: string): never {
  throw new ValidationError([{ field: HEADER, message: `${HEADER} ${rule}` }]);
}

const SAME_RECORD =
  'the same key with the same content returns the same record and creates no second one; with other content it is refused';

/**
 * Documents the header.
 *
 * @param effect what happens when the request is sent again
 */
export const ApiIdempotencyKey = (effect = SAME_RECORD) =>
  applyDecorators(
    ApiHeader({
      name: HEADER,
      required: false,
      description: `A key of your choice for this request, such as a UUID: ${effect}`,
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: '8e03978e-40d5-43e8-bc93-6894a57f9324',
    }),
  );
