import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { FactoryProvider } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Logger } from '../../common/logging/logger.js';
import { AppConfig } from '../../config/config.js';
import { databaseCallOf } from '../../database/call-metrics.js';
import { createDynamoDbClient, createServingClient } from '../../database/clients.js';
import { Database } from '../../database/database.js';
import { type DocumentClient, DirectDocumentClient } from '../../database/transport/direct-client.js';
import { Metrics } from '../../metrics/metrics.js';
import type { SharedStore } from './counts.js';
import { LIMITS_BUDGET_MS, TableStore } from './dynamodb/table-store.js';
import { RedisStore } from './redis-store.js';

/** The store in which all instances count together; `undefined` where each counts for itself. */
export const SHARED_STORE = Symbol('SharedStore');

/** With one try, which the transport must not give up before the deadline of the call: it takes 0.6 of its budget. */
const TRANSPORT_BUDGET_MS = Math.ceil(LIMITS_BUDGET_MS / 0.6);

/** What the table of limits is asked through. With connections of its own: those that hang must not be the other tables'. */
export class LimitsClient {
  readonly documents: DocumentClient;
  private readonly client: DynamoDBClient;

  /** @param main has the credentials */
  constructor(config: AppConfig, main: DynamoDBClient) {
    const own = { ...config, database: { ...config.database, budgetMs: TRANSPORT_BUDGET_MS } };
    // A second try would wait for longer than the call may take, and a throttled counter would look like an outage.
    this.client = createDynamoDbClient(own, { maxAttempts: 1, credentials: main.config.credentials });
    this.documents = createServingClient(this.client, own);
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    if (this.documents instanceof DirectDocumentClient) await this.documents.close();
    this.client.destroy();
  }
}

/** `undefined` where limits are counted elsewhere. */
export const limitsClientProvider: FactoryProvider<LimitsClient | undefined> = {
  provide: LimitsClient,
  inject: [AppConfig, DynamoDBClient],
  useFactory: (config: AppConfig, main: DynamoDBClient) =>
    config.limits.enabled && config.limits.store === 'dynamodb' ? new LimitsClient(config, main) : undefined,
};

/** The one place where the store of limits is chosen. */
export const sharedStoreProvider: FactoryProvider<SharedStore | undefined> = {
  provide: SHARED_STORE,
  inject: [
    AppConfig,
    Logger,
    LimitsClient,
    { token: Redis, optional: true },
    { token: Metrics, optional: true },
  ],
  useFactory: (
    config: AppConfig,
    logger: Logger,
    client: LimitsClient | undefined,
    redis?: Redis,
    metrics?: Metrics,
  ) => {
    if (client) return tableStore(config, logger, client, metrics);
    return config.limits.store === 'redis' && redis ? new RedisStore(redis) : undefined;
  },
};

function tableStore(
  config: AppConfig,
  logger: Logger,
  { documents }: LimitsClient,
  metrics?: Metrics,
): TableStore {
  const { aws, database, tables, secretKey } = config;
  const own = new Database(documents, LIMITS_BUDGET_MS, {
    source: 'the limits table',
    isApart: true,
    site: { region: aws.region, ...(database.endpoint && { endpoint: database.endpoint }) },
    observe: metrics && ((call) => metrics.databaseCall(databaseCallOf(call))),
  });
  return new TableStore(own, tables.limits, secretKey, logger);
}
