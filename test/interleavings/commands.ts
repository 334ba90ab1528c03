import { type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { nowSeconds } from '../../src/common/time.js';
import type { AppConfig } from '../../src/config/config.js';
import type { ListedObject } from '../../src/storage/object-store.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { adoptBucket } from '../support/adopted-bucket.js';
import { testClient } from '../support/test-tables.js';
import type { Gate } from './gate.js';
import { gateClient } from './hooks.js';

const WEEK = 7 * 24 * 60 * 60;

/** An object store whose objects are as old as a run wants them, not as S3 has them. */
export class AgedStore extends OperatorStore {
  /** Keys of objects that count as a week old. */
  readonly aged = new Set<string>();

  override async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
    for await (const page of super.pages(prefix)) {
      yield page.map((object) =>
        this.aged.has(object.key) ? { ...object, modifiedAt: nowSeconds() - WEEK } : object,
      );
    }
  }
}

/** What the commands of operators work with, as a process of their own has it. Its calls come by the gate. */
export interface Commands {
  readonly config: AppConfig;
  readonly dynamo: DynamoDBClient;
  readonly store: AgedStore;
  close(): void;
}

/** Makes the bucket of the configuration, where there is none yet, and clients. */
export async function openCommands(config: AppConfig, gate: Gate): Promise<Commands> {
  const [dynamo, s3] = [testClient(config), createS3Client(config)];
  await s3.send(new CreateBucketCommand({ Bucket: config.storage.bucket }));
  await adoptBucket(dynamo, s3, config);
  gateClient(dynamo, gate);
  gateClient(s3, gate);
  return {
    ...{ config, dynamo, store: new AgedStore(s3, config.storage.bucket, config.storage.budgetMs) },
    close() {
      dynamo.destroy();
      s3.destroy();
    },
  };
}
