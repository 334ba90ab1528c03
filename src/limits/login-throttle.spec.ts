import { describe, jest } from '@jest/globals';
import { expectLoginThrottle } from '../../test/support/login-throttle-cases.js';

describe('LoginThrottle', () => {
  expectLoginThrottle(
    () => jest.useFakeTimers(),
    () => undefined,
  );
});
