import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import supertest from 'supertest';
import { startEmulator } from '../../scripts/lambda/emulator.js';
import { createDocumentClient } from '../../src/database/clients.js';
import type { LogLine, TestApp } from './test-app.js';
import {
  createTestTables,
  deleteTestTables,
  tableEnvironment,
  testClient,
  testConfig,
  testEnvironment,
} from './test-tables.js';

/** What `npm run build:lambda` makes for this machine. */
export const FUNCTION_FILE = `dist/lambda-${process.arch}/dist/function/index.mjs`;

/** Environments of one test; what asks for more at once waits, since each has the memory of a process. */
const CONCURRENCY = 6;
const QUEUE_MS = 20_000;

/** Time to start for the function, which AWS gives 10 s. */
export const INIT_MS = 60_000;

/**
 * The built function on tables of its own, in execution environments of the emulator, for tests that know the service by HTTP
 * alone: what asks for the application within the process fails.
 *
 * @param environment what differs from the environment of the tests
 * @param beside an application on whose tables this one works too
 */
export async function startTestFunction(
  environment: Record<string, string> = {},
  beside?: Pick<TestApp, 'config'>,
): Promise<TestApp> {
  const variables = {
    ...testEnvironment(environment),
    ...(beside && tableEnvironment(beside.config.tables)),
  };
  const config = testConfig(variables);
  const client: DynamoDBClient = testClient(testConfig());
  if (!beside) await createTestTables(client, config.tables);
  const logs: LogLine[] = [];
  const emulator = await startEmulator({
    handlerFile: FUNCTION_FILE,
    exportName: 'streamHandler',
    mode: 'stream',
    env: variables,
    concurrency: CONCURRENCY,
    queueMs: QUEUE_MS,
    // A busy machine is no fault of the function.
    initTimeoutMs: INIT_MS,
    changesHeaders: false,
    log: (line) => {
      if (line.startsWith('{')) logs.push(JSON.parse(line) as LogLine);
    },
  });
  return {
    get app(): never {
      throw new Error('The application is in processes of its own');
    },
    config,
    url: emulator.url,
    http: supertest(emulator.url),
    rows: createDocumentClient(client),
    logs,
    async close() {
      await emulator.close();
      if (!beside) await deleteTestTables(client, config.tables);
      client.destroy();
    },
  };
}
