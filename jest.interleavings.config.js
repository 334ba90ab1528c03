import { common, engine } from './jest.config.js';

/** Orders of calls, explored; not part of `npm test`. `test/interleavings/cli.ts` starts it. */
export default {
  ...common,
  ...engine,
  displayName: 'interleavings',
  testMatch: ['<rootDir>/test/interleavings/**/*.spec.ts'],
  maxWorkers: 2,
};
