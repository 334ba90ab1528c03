import { randomUUID } from 'node:crypto';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach } from '@jest/globals';
import type { EmulatorOptions } from '../../../scripts/lambda/emulator.js';
import type { TableNames } from '../../../src/config/table-names.js';
import { createDocumentClient } from '../../../src/database/clients.js';
import { FUNCTION_FILE, INIT_MS } from '../../support/test-function.js';
import {
  createTestTables,
  deleteTestTables,
  testClient,
  testConfig,
  testEnvironment,
} from '../../support/test-tables.js';
import type { LogLine } from '../../support/test-app.js';
import { serve, type TestEmulator } from './emulator.js';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The built function on tables of its own. */
export interface TestFunction extends TestEmulator {
  readonly tables: TableNames;
  /** For arranging rows behind the back of the service. */
  readonly rows: DynamoDBDocumentClient;
  /** What the service has logged so far. */
  logs(): LogLine[];
}

/**
 * Serves the built function until the end of the test: by `handler`, in one environment, unless the options say otherwise.
 *
 * @param environment what differs from the environment of the tests
 */
export async function serveFunction(
  environment: Record<string, string> = {},
  options: Partial<EmulatorOptions> = {},
): Promise<TestFunction> {
  const variables = testEnvironment(environment);
  // The environment of a test may be none that the service starts with.
  const { tables } = testConfig(pick(variables));
  const client = testClient(testConfig());
  await createTestTables(client, tables);
  ends.push(async () => {
    await deleteTestTables(client, tables);
    client.destroy();
  });
  const emulator = await serve({
    handlerFile: FUNCTION_FILE,
    env: variables,
    concurrency: 1,
    initTimeoutMs: INIT_MS,
    ...options,
  });
  const isLine = (line: string) => line.startsWith('{');
  return Object.assign(emulator, {
    tables,
    rows: createDocumentClient(client),
    logs: () => emulator.lines.filter(isLine).map((line) => JSON.parse(line) as LogLine),
  });
}

/** The names of the tables. */
function pick(variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name.endsWith('_TABLE')));
}

/** Puts records of a user into the table, of 1 KB each. */
export async function putRecords(
  { rows, tables }: TestFunction,
  userId: string,
  count: number,
): Promise<void> {
  const item = (n: number) => ({
    ...{ file_id: randomUUID(), user_id: userId, uploaded_at: 1_758_762_381 + n },
    ...{ uploaded_at_iso: '2025-09-25T01:06:21Z', s3_key: `recordings/${'x'.repeat(980)}${n}` },
  });
  for (let n = 0; n < count; n += 25) {
    const requests = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: item(n + i) } }));
    await rows.send(new BatchWriteCommand({ RequestItems: { [tables.audioFiles]: requests } }));
  }
}

/** Options of a function URL that streams. */
export const STREAMED = { exportName: 'streamHandler', mode: 'stream' } as const;
