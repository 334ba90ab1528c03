import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { jest } from '@jest/globals';
import { createLogger } from '../../src/common/logging/logger.js';
import { databaseCallOf } from '../../src/database/call-metrics.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { Database, type EndedCall } from '../../src/database/database.js';
import { TableCreator } from '../../src/database/table-creator.js';
import { tableDefinitions } from '../../src/database/tables.js';
import { TableStore } from '../../src/limits/stores/dynamodb/table-store.js';
import type { DocumentClient } from '../../src/database/transport/direct-client.js';
import { deleteTestTables, testClient, testConfig } from './test-tables.js';

/** All that a clock is made of but for the time of day, so that the engine can be asked. */
const REAL = [
  ...['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'],
  ...['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'],
] as const;
const DAY_MS = 86_400_000;
/** A loaded machine must not look like an outage. Milliseconds. */
const BUDGET_MS = 20_000;

/** A table of limits, and stores that count in it as instances do. */
export class LimitsTableScene {
  readonly config = testConfig({ RATE_LIMIT: 'on', LIMIT_STORE: 'dynamodb' });
  private readonly client: DynamoDBClient = testClient(this.config);
  readonly documents: DynamoDBDocumentClient = createDocumentClient(this.client);
  private units = { read: 0, write: 0 };

  async arrange(): Promise<void> {
    await new TableCreator(this.client).ensure(tableDefinitions(this.config.tables));
  }

  async close(): Promise<void> {
    await deleteTestTables(this.client, this.config.tables);
    this.client.destroy();
  }

  /** The time of day at the beginning of a day, which is that of every window; it stands still. */
  stopClock(): void {
    const now = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
    jest.useFakeTimers({ doNotFake: [...REAL], now });
  }

  /**
   * A store as a process that has just started has it.
   *
   * @param secret of one test, so that it finds nothing of others
   */
  open(secret: string = randomUUID(), documents: DocumentClient = this.documents): TableStore {
    const observe = (call: EndedCall) => {
      const { kind, units } = databaseCallOf(call);
      for (const count of Object.values(units)) this.units[kind] += count;
    };
    const database = new Database(documents, BUDGET_MS, { observe, isApart: true });
    return new TableStore(database, this.config.tables.limits, secret, createLogger('silent'));
  }

  /** Units that calls take while `work` runs. */
  async unitsOf(work: () => Promise<unknown>): Promise<{ read: number; write: number }> {
    this.units = { read: 0, write: 0 };
    await work();
    return this.units;
  }

  /** Every row. */
  async rows(): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.documents.send(
      new ScanCommand({ TableName: this.config.tables.limits }),
    );
    return Items;
  }
}
