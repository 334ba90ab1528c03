import type { LimitState } from '../../errors/domain-errors.js';

/** The headers that describe a limit to clients (draft-ietf-httpapi-ratelimit-headers). */
export function limitHeaders({ policy, quota, windowSeconds, remaining, resetSeconds }: LimitState) {
  return {
    'RateLimit-Policy': `"${policy}";q=${quota};w=${windowSeconds}`,
    RateLimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
  };
}
