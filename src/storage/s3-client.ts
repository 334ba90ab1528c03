import { S3Client } from '@aws-sdk/client-s3';
import { requestHandler, withoutUnusedSteps } from '../common/aws-client.js';
import type { AppConfig } from '../config/config.js';

/** As for the database: a waiting client retries anyway. */
const MAX_ATTEMPTS = 2;

/** A client for the public endpoint of the store. It signs URLs and never sends requests. */
export function createSigningClient({
  aws,
  storage,
}: Pick<AppConfig, 'aws' | 'storage'>): S3Client | undefined {
  const { publicEndpoint: endpoint } = storage;
  return endpoint === undefined ? undefined : createS3Client({ aws, storage: { ...storage, endpoint } });
}

/** The only S3 client of the process that sends requests. `ObjectStore` sets the deadlines of whole calls. */
export function createS3Client({ aws, storage }: Pick<AppConfig, 'aws' | 'storage'>): S3Client {
  const client = new S3Client({
    region: aws.region,
    ...(aws.credentials && { credentials: aws.credentials }),
    // S3-compatible stores have one host name for all buckets.
    ...(storage.endpoint && { endpoint: storage.endpoint, forcePathStyle: true }),
    // Otherwise the SDK adds the checksum of an empty body to presigned URLs.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: requestHandler(storage.budgetMs),
  });
  return withoutUnusedSteps(client);
}
