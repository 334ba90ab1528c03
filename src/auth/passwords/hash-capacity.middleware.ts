import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { PasswordHasher } from './password-hasher.js';

/**
 * Turns a sign-in away before limits, validation and database where its password would not be hashed in time: in a flood
 * most requests end here, and what each of them costs is what all others wait for.
 */
@Injectable()
export class HashCapacityMiddleware implements NestMiddleware {
  constructor(private readonly hasher: PasswordHasher) {}

  /** @throws UnavailableError where the hash queue is full */
  use(_request: Request, _response: Response, next: NextFunction): void {
    this.hasher.assertCapacity();
    next();
  }
}
