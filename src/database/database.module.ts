import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { createDocumentClient, createDynamoDbClient } from './clients.js';
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
      inject: [DynamoDBClient, AppConfig],
      useFactory: (client: DynamoDBClient, config: AppConfig) =>
        new Database(createDocumentClient(client), config.database.budgetMs),
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
