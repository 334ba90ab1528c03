import { S3Client } from '@aws-sdk/client-s3';
import { setting } from './environment.js';
import { StartError } from './start-error.js';

/** The credentials of the local engines. The SDK signs nothing without credentials. */
const LOCAL = 'local';

/** The bucket that the environment names, on AWS or elsewhere. @throws StartError if only a store is named */
export function ownBucket(): string | undefined {
  const bucket = setting('AWS_S3_BUCKET_NAME');
  if (bucket === undefined && setting('S3_ENDPOINT') !== undefined) {
    throw new StartError(
      'S3_ENDPOINT is set and AWS_S3_BUCKET_NAME is not. Set both to use a store of your own, or neither to use the one of npm start',
    );
  }
  return bucket;
}

/**
 * Credentials for the local engines. With your own database, its keys are used. AWS keys of the shell are not valid for
 * local engines, which would refuse URLs signed with them.
 */
export function localCredentials(): NodeJS.ProcessEnv {
  const isOwnDatabase = setting('DYNAMODB_ENDPOINT') !== undefined;
  return {
    AWS_ACCESS_KEY_ID: (isOwnDatabase ? setting('AWS_ACCESS_KEY_ID') : undefined) ?? LOCAL,
    AWS_SECRET_ACCESS_KEY: (isOwnDatabase ? setting('AWS_SECRET_ACCESS_KEY') : undefined) ?? LOCAL,
    ...(isOwnDatabase ? {} : { AWS_SESSION_TOKEN: undefined }),
  };
}

/**
 * Checks that there are credentials for your own bucket: keys of the environment, a profile, SSO or a role, as the SDK
 * finds them. Sets none.
 *
 * @throws StartError if there are none
 */
export async function requireCredentials(bucket: string): Promise<void> {
  const client = new S3Client({ region: setting('REGION_NAME') ?? 'us-east-1' });
  try {
    await client.config.credentials();
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    throw new StartError(
      `There are no AWS credentials for bucket ${bucket} (${reason}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ` +
        'AWS_PROFILE and sign in (aws sso login), or leave AWS_S3_BUCKET_NAME unset to use the store of npm start',
    );
  } finally {
    client.destroy();
  }
}
