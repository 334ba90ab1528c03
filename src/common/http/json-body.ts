import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

/** Largest request body, after decompression. */
export const BODY_LIMIT = '100kb';

/** Media types that are read as JSON. */
export const JSON_TYPES = ['application/json'];

/**
 * Refuses a body of another type with 415. Express would ignore it, and the client would be told that its fields
 * are missing.
 */
export function requireJson(request: Request, _response: Response, next: NextFunction): void {
  // `is` gives null for a request without a body.
  const wrong = request.is(JSON_TYPES) === false;
  next(wrong ? new UnsupportedMediaTypeException() : undefined);
}
