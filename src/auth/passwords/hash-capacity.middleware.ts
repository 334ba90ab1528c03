import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { PasswordHasher } from './password-hasher.js';

/**
 * Refuses a sign-in before rate limits, validation and database if its password could not be hashed in time. During a
 * flood most requests end here, and the cost of each of them delays all others.
 */
@Injectable()
export class HashCapacityMiddleware implements NestMiddleware {
  constructor(private readonly hasher: PasswordHasher) {}

  /** @throws UnavailableError if the hash queue is full */
  use(_request: Request, _response: Response, next: NextFunction): void {
    this.hasher.assertCapacity();
    next();
  }
}
