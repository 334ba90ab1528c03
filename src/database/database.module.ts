import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { logCircuit } from '../common/logging/log-circuit.js';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { createDynamoDbClient, createServingClient } from './clients.js';
import { databaseCallOf } from './call-metrics.js';
import { Database } from './database.js';
import { type DocumentClient, DirectDocumentClient } from './transport/direct-client.js';

/** Provides the only DynamoDB client, wrapped in {@link Database}. */
@Global()
@Module({
  providers: [
    {
      provide: DynamoDBClient,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => createDynamoDbClient(config),
    },
    {
      provide: DynamoDBDocumentClient,
      inject: [DynamoDBClient, AppConfig],
      useFactory: (client: DynamoDBClient, config: AppConfig) => createServingClient(client, config),
    },
    {
      provide: Database,
      inject: [DynamoDBDocumentClient, AppConfig, Logger, { token: Metrics, optional: true }],
      useFactory: (client: DocumentClient, config: AppConfig, logger: Logger, metrics?: Metrics) =>
        new Database(client, config.database.budgetMs, {
          site: {
            region: config.aws.region,
            ...(config.database.endpoint && { endpoint: config.database.endpoint }),
          },
          pauseMs: config.database.pauseMs,
          onChange: logCircuit(logger, 'the database'),
          observe: metrics && ((call) => metrics.databaseCall(databaseCallOf(call))),
        }),
    },
  ],
  exports: [Database, DynamoDBClient],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly client: DynamoDBClient,
    @Inject(DynamoDBDocumentClient) private readonly documents: DocumentClient,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.documents instanceof DirectDocumentClient) await this.documents.close();
    this.client.destroy();
  }
}
