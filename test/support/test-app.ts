import { Writable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { NestExpressApplication } from '@nestjs/platform-express';
import supertest from 'supertest';
import { createApp } from '../../src/app.setup.js';
import { createLogger } from '../../src/common/logging/logger.js';
import type { AppConfig } from '../../src/config/config.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { startTestFunction } from './test-function.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from './test-tables.js';

export type LogLine = Record<string, unknown> & { level: string; msg: string };

/** The whole application over HTTP, on tables of its own. */
export interface TestApp {
  readonly app: NestExpressApplication;
  readonly config: AppConfig;
  /** Base address, without a slash at its end. */
  readonly url: string;
  /** Supertest on the running server. */
  readonly http: ReturnType<typeof supertest>;
  /** For arranging rows and looking at them behind the application's back. */
  readonly rows: DynamoDBDocumentClient;
  /** Every line logged so far. */
  readonly logs: LogLine[];
  /** Stops the application and deletes its tables, unless it was given those of another one. */
  close(): Promise<void>;
}

/**
 * @param environment what differs from the environment of the tests
 * @param beside an application on whose tables this one works too, as a second instance
 */
export async function startTestApp(
  environment: Record<string, string> = {},
  beside?: Pick<TestApp, 'config'>,
): Promise<TestApp> {
  if (process.env['TEST_FRONT'] === 'lambda') return startTestFunction(environment, beside);
  const own = testConfig(environment);
  const config = { ...own, tables: beside?.config.tables ?? own.tables };
  // The application may be told of another endpoint than the tests use, to be cut off from its database.
  const client: DynamoDBClient = testClient(testConfig());
  if (!beside) await createTestTables(client, config.tables);
  const logs: LogLine[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  const app = await createApp(config, createLogger(config.logLevel, destination));
  await app.listen(0, config.host);
  const url = (await app.getUrl()).replace(/\/$/, '');
  return {
    app,
    config,
    url,
    http: supertest(url),
    rows: createDocumentClient(client),
    logs,
    async close() {
      await app.close();
      if (!beside) await deleteTestTables(client, config.tables);
      client.destroy();
    },
  };
}
