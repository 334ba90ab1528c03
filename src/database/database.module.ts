import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { logCircuit } from '../common/logging/log-circuit.js';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { createDocumentClient, createDynamoDbClient } from './clients.js';
import { databaseCallOf } from './call-numbers.js';
import { Database } from './database.js';

/** The one DynamoDB client, behind {@link Database}. */
@Global()
@Module({
  providers: [
    {
      provide: DynamoDBClient,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => createDynamoDbClient(config),
    },
    {
      provide: Database,
      inject: [DynamoDBClient, AppConfig, Logger, { token: Metrics, optional: true }],
      useFactory: (client: DynamoDBClient, config: AppConfig, logger: Logger, metrics?: Metrics) =>
        new Database(createDocumentClient(client), config.database.budgetMs, {
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
  exports: [Database],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly client: DynamoDBClient) {}

  onApplicationShutdown(): void {
    this.client.destroy();
  }
}
