import { isUtf8 } from 'node:buffer';
import { BadRequestException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { ValidationError } from '../../errors/domain-errors.js';

/**
 * A percent-encoded byte beyond ASCII, which most requests do not contain. Node rejects such bytes if they are not
 * encoded.
 */
const BEYOND_ASCII = /%[89a-f]/i;
const ENCODED_BYTES = /(?:%[0-9a-f]{2})+/gi;

/**
 * Refuses URLs whose percent-encoded bytes are not UTF-8. Decoding would replace them by U+FFFD, and the URL would name
 * another object key than the client asked for.
 */
export function requireUtf8Url(request: Request, _response: Response, next: NextFunction): void {
  const [path = '', ...query] = request.url.split('?');
  if (!isEncodedUtf8(path)) next(new BadRequestException());
  else if (isEncodedUtf8(query.join('?'))) next();
  else next(new ValidationError([{ field: 'query', message: 'The query must be percent-encoded UTF-8' }]));
}

function isEncodedUtf8(text: string): boolean {
  if (!BEYOND_ASCII.test(text)) return true;
  const runs = text.match(ENCODED_BYTES) ?? [];
  return runs.every((run) => isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')));
}
