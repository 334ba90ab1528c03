import { S3Client } from '@aws-sdk/client-s3';
import { requestHandler, withoutUnusedSteps } from '../common/aws-client.js';
import type { AppConfig } from '../config/config.js';

/** As for the database: a waiting client repeats the request anyway. */
const MAX_ATTEMPTS = 2;

/** A client of the store where clients reach it. It signs their addresses and is never sent with. */
export function createSigningClient({
  aws,
  storage,
}: Pick<AppConfig, 'aws' | 'storage'>): S3Client | undefined {
  const { publicEndpoint: endpoint } = storage;
  return endpoint === undefined ? undefined : createS3Client({ aws, storage: { ...storage, endpoint } });
}

/** The one S3 client of the process that calls are made with. Deadlines of whole calls are in `ObjectStore`. */
export function createS3Client({ aws, storage }: Pick<AppConfig, 'aws' | 'storage'>): S3Client {
  const client = new S3Client({
    region: aws.region,
    ...(aws.credentials && { credentials: aws.credentials }),
    // What stands in for S3 has one host name for all buckets.
    ...(storage.endpoint && { endpoint: storage.endpoint, forcePathStyle: true }),
    // Otherwise the SDK puts the checksum of an empty body into the addresses that it signs.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: requestHandler(storage.budgetMs),
  });
  return withoutUnusedSteps(client);
}
