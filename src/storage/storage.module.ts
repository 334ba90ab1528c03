import { S3Client } from '@aws-sdk/client-s3';
import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { logCircuit } from '../common/logging/log-circuit.js';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { ObjectStore } from './object-store.js';
import { createS3Client, createSigningClient } from './s3-client.js';

/** Provides the S3 client, wrapped in {@link ObjectStore}. */
@Global()
@Module({
  providers: [
    { provide: S3Client, inject: [AppConfig], useFactory: (config: AppConfig) => createS3Client(config) },
    {
      provide: ObjectStore,
      inject: [S3Client, AppConfig, Logger, { token: Metrics, optional: true }],
      useFactory: (client: S3Client, config: AppConfig, logger: Logger, metrics?: Metrics) =>
        new ObjectStore(client, config.storage.bucket, config.storage.budgetMs, {
          site: {
            region: config.aws.region,
            ...(config.storage.endpoint && { endpoint: config.storage.endpoint }),
          },
          observe: metrics && ((call) => metrics.storageCall(call)),
          pauseMs: config.storage.pauseMs,
          onChange: logCircuit(logger, 'the object store'),
          signingClient: createSigningClient(config) ?? client,
        }),
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
