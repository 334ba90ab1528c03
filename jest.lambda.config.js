import { common } from './jest.config.js';

/** The emulator of Lambda, with functions of its own. Real processes: on machines with signals only. */
export default {
  ...common,
  displayName: 'lambda',
  testMatch: ['<rootDir>/test/lambda/**/*.spec.ts'],
  testTimeout: 30_000,
  maxWorkers: 1,
};
