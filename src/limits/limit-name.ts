/** Metadata key of `RateLimited`. */
export const LIMIT_NAME = 'limitName';

/** Limits of whole routes: `register` and `login` count by client address, `create` by user. */
export type LimitName = 'register' | 'login' | 'create';
