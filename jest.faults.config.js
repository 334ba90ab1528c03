import { common, engine } from './jest.config.js';

/**
 * The built service as real processes, while what it depends on fails. Not part of `npm test`: it takes minutes, and
 * measures times, so that nothing else should run beside it.
 */
export default {
  ...common,
  ...engine,
  displayName: 'faults',
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  testTimeout: 60_000,
  maxWorkers: 1,
  // A service that did not start leaves proxies open, which would keep the run from ending.
  forceExit: true,
};
