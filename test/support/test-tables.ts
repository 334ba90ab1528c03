import { randomUUID } from 'node:crypto';
import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AppConfig } from '../../src/config/config.js';
import { readConfig } from '../../src/config/read-config.js';
import {
  DEFAULT_TABLE_NAMES,
  forEachTable,
  TABLE_KEYS,
  type TableNames,
  tableVariable,
} from '../../src/config/table-names.js';
import { createDynamoDbClient } from '../../src/database/clients.js';
import { TableCreator } from '../../src/database/table-creator.js';
import { tableDefinitions } from '../../src/database/tables.js';
import { engine, objectStorage } from './engine.js';

/** Unique names for every table of the service. */
export function testTableNames(): TableNames {
  const suffix = randomUUID();
  return forEachTable((table) => `${DEFAULT_TABLE_NAMES[table]}-${suffix}`);
}

/** The environment variables with the names of these tables. */
export function tableEnvironment(tables: TableNames): Record<string, string> {
  return Object.fromEntries(TABLE_KEYS.map((table) => [tableVariable(table), tables[table]]));
}

/** A configuration for the test engine, with separate tables and cheap hashes. */
export function testConfig(environment: Record<string, string> = {}): AppConfig {
  return readConfig(testEnvironment(environment));
}

/** The variables of {@link testConfig}. */
export function testEnvironment(environment: Record<string, string> = {}): Record<string, string> {
  return {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    SECRET_KEY: 'a key for tests that is long enough',
    DYNAMODB_ENDPOINT: engine().endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...tableEnvironment(testTableNames()),
    S3_ENDPOINT: objectStorage().endpoint,
    AWS_S3_BUCKET_NAME: objectStorage().bucket,
    STORAGE_BUDGET_MS: '20000',
    // Circuit breaker and overload guard are off, except in their own tests.
    CIRCUIT_PAUSE_MS: '0',
    MAX_EVENT_LOOP_LAG_MS: '0',
    // A busy machine must not look like an outage. The tests of outages set their own value.
    DATABASE_BUDGET_MS: '20000',
    ARGON2_MEMORY_KIB: '1024',
    ARGON2_TIME_COST: '1',
    HASH_MAX_WAIT_MS: '20000',
    SHUTDOWN_GRACE_MS: '0',
    // The integration tier runs on both transports.
    ...(process.env['DYNAMODB_TRANSPORT'] && { DYNAMODB_TRANSPORT: process.env['DYNAMODB_TRANSPORT'] }),
    ...environment,
  };
}

/** A client of the test engine, to read and write rows directly. */
export function testClient(config: AppConfig): DynamoDBClient {
  return createDynamoDbClient(config);
}

export async function createTestTables(client: DynamoDBClient, tables: TableNames): Promise<void> {
  await new TableCreator(client).ensure(tableDefinitions(tables));
}

export async function deleteTestTables(client: DynamoDBClient, tables: TableNames): Promise<void> {
  for (const { name } of tableDefinitions(tables)) {
    await client.send(new DeleteTableCommand({ TableName: name }));
  }
}
