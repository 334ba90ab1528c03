import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

/** One project a tier; see CONTRIBUTING.md for the rule of each. */
export const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // The sources import './x.js', as Node resolves it; the file on disk is './x.ts'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFiles: ['reflect-metadata'],
  // Copies of the package.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

// On the projects that need the engine, not at the top: Jest runs a setup once however many projects name it, and only
// when one of them has tests to run, so that the unit tests alone start no database.
export const engine = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...common,
      ...engine,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
    },
    { ...common, ...engine, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
  ],
  testTimeout: 30_000,
  // Modules of a spec that has ended stay in the memory of the worker, and collecting garbage among them takes ever longer.
  workerIdleMemoryLimit: '700MB',
  maxWorkers: Math.ceil(availableParallelism() * (usesDynamoDbLocal() ? 1 : 1.5)),
};

/**
 * More workers than cores are good where much of the time a test waits, for a deadline or until a cache has forgotten.
 * DynamoDB Local is another process with much to do, and must answer within the deadlines of the service. It is used where
 * there is Java and no other engine was asked for, see `scripts/local-engines`.
 */
function usesDynamoDbLocal() {
  const { PATH = '', TEST_ENGINE: asked } = process.env;
  if (asked !== undefined) return asked !== 'embedded';
  return PATH.split(delimiter).some((directory) => existsSync(join(directory, 'java')));
}
