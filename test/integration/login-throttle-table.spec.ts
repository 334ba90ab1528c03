import { afterAll, beforeAll, describe } from '@jest/globals';
import { LimitsTableScene } from '../support/limits-table-scene.js';
import { expectLoginThrottle } from '../support/login-throttle-cases.js';

describe('LoginThrottle in the table of limits', () => {
  const scene = new LimitsTableScene();

  beforeAll(() => scene.arrange());
  afterAll(() => scene.close());

  expectLoginThrottle(
    () => scene.stopClock(),
    () => scene.open(),
  );
});
