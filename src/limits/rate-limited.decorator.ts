import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiProblemTooMany } from '../common/http/problems/api-problems.decorator.js';
import { LIMIT_NAME, type LimitName } from './limit-name.js';

/** Holds a route to one of the configured limits. */
export const RateLimited = (name: LimitName) =>
  applyDecorators(SetMetadata(LIMIT_NAME, name), ApiProblemTooMany());
