import { Writable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { NestExpressApplication } from '@nestjs/platform-express';
import supertest from 'supertest';
import { createApp } from '../../src/app.setup.js';
import { createLogger } from '../../src/common/logging/logger.js';
import type { AppConfig } from '../../src/config/config.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from './test-tables.js';

export type LogLine = Record<string, unknown> & { level: string; msg: string };

/** The whole application over HTTP, with its own tables. */
export interface TestApp {
  readonly app: NestExpressApplication;
  readonly config: AppConfig;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  /** Supertest on the running server. */
  readonly http: ReturnType<typeof supertest>;
  /** To read and write rows directly. */
  readonly rows: DynamoDBDocumentClient;
  /** All log lines so far. */
  readonly logs: LogLine[];
  /** Stops the application and deletes its tables, unless it shares those of another one. */
  close(): Promise<void>;
}

/**
 * @param environment differences from the environment of the tests
 * @param beside an application whose tables this one shares, as a second instance
 */
export async function startTestApp(
  environment: Record<string, string> = {},
  beside?: Pick<TestApp, 'config'>,
): Promise<TestApp> {
  if (process.env['TEST_FRONT'] === 'lambda') {
    const { startTestFunction } = await import('./test-function.js');
    return startTestFunction(environment, beside);
  }
  const own = testConfig(environment);
  const config = { ...own, tables: beside?.config.tables ?? own.tables };
  // The application may have another endpoint than the tests, to cut it off from its database.
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
