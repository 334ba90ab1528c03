import { S3Client } from '@aws-sdk/client-s3';
import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { ObjectStore } from './object-store.js';
import { createS3Client } from './s3-client.js';

/** The one S3 client, behind {@link ObjectStore}. */
@Global()
@Module({
  providers: [
    { provide: S3Client, inject: [AppConfig], useFactory: (config: AppConfig) => createS3Client(config) },
    {
      provide: ObjectStore,
      inject: [S3Client, AppConfig],
      useFactory: (client: S3Client, { storage }: AppConfig) =>
        new ObjectStore(client, storage.bucket, storage.budgetMs),
    },
  ],
  exports: [ObjectStore],
})
export class StorageModule implements OnApplicationShutdown {
  constructor(private readonly client: S3Client) {}

  onApplicationShutdown(): void {
    this.client.destroy();
  }
}
