import { isUtf8 } from 'node:buffer';
import type { NextFunction, Request, Response } from 'express';
import { BODY_LIMIT, hasBody } from './body-limit.js';
import type { BodyRoutes } from './body-routes.js';
import { JSON_TYPES, PATCH_TYPES, UnreadableBodyError } from './readable-bodies.js';

/** Options of the body parser. Not strict: validation reports JSON that is not an object. */
export const JSON_BODY = { limit: BODY_LIMIT, type: PATCH_TYPES, strict: false, verify: requireUtf8 };

/**
 * Refuses a body of another type or encoding with 415 if the operation takes one. Express would ignore it, and
 * validation would report that its fields are missing.
 */
export function requireJson(bodies: BodyRoutes) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const acceptable =
      !hasBody(request) ||
      !bodies.takesBody(request) ||
      (request.is(acceptedTypes(request)) !== false && isDeclaredUtf8(request));
    next(acceptable ? undefined : new UnreadableBodyError(acceptedTypes(request)));
  };
}

function acceptedTypes({ method }: Request): string[] {
  return method === 'PATCH' ? PATCH_TYPES : JSON_TYPES;
}

function isDeclaredUtf8({ headers }: Request): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

/**
 * Refuses bytes that are not UTF-8. The parser would replace them by U+FFFD, and passwords that differ in these bytes
 * would become equal.
 */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw Object.assign(new SyntaxError('The body is not UTF-8'), { status: 400 });
}
