import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { AppConfig } from '../../src/config/config.js';
import { Bucket } from '../../src/reconcile/bucket.js';
import { TablesMarker } from '../../src/reconcile/tables-marker.js';
import { OperatorStore } from '../../src/storage/operator-store.js';

/** Links the bucket to the tables, like `npm run reconcile -- --adopt`. */
export async function adoptBucket(
  client: DynamoDBClient,
  s3: S3Client,
  { storage, tables }: Pick<AppConfig, 'storage' | 'tables'>,
): Promise<void> {
  const store = new OperatorStore(s3, storage.bucket, storage.budgetMs);
  await new TablesMarker(client, new Bucket(store, storage.bucket ?? ''), tables).write();
}
