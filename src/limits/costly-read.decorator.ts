import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiProblemTooMany } from '../common/http/problems/api-problems.decorator.js';
import { COSTLY_READ, type CostlyReadOptions } from './costly-read.guard.js';

/**
 * Marks a route whose answer costs much more than the request for it: many rows, a signature, a stream. All of them
 * together are held to `RATE_LIMIT_COSTLY_READ` (or to the limit of the route's own `RateLimited`), to a few at once for
 * each user and to a bound in all, until they are answered.
 *
 * @param options.where says by its query which requests of the route are meant; all of them where absent
 */
export const CostlyRead = (options: CostlyReadOptions = {}) =>
  applyDecorators(SetMetadata(COSTLY_READ, options), ApiProblemTooMany());
