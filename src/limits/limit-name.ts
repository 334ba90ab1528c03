/** Metadata key of `RateLimited`. */
export const LIMIT_NAME = 'limitName';

/** Limits of whole routes: `register` and `login` count by client address, the others by user. */
export type LimitName = 'register' | 'login' | 'create' | 'batch' | 'usage' | 'costly-read';
