import { QUARANTINE_DAYS, QUARANTINE_FOLDER } from '../../src/config/reserved-keys.js';
import { arn, NO_VALUE, ref, type Resources, sub, when } from './cloudformation.js';

/** The filter of the S3 request metrics of this bucket. */
export const METRICS_FILTER = 'EntireBucket';

/** How long a browser may cache a CORS preflight response of the bucket; seconds. */
const CORS_SECONDS = 3600;

/** The bucket of the audio objects and its access rules. */
export function bucketResources(): Resources {
  return {
    AudioBucket: {
      Type: 'AWS::S3::Bucket',
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketName: when('HasBucketName', ref('BucketName')),
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            when(
              'HasKmsKey',
              {
                ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ref('KmsKeyArn') },
                BucketKeyEnabled: true,
              },
              { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
            ),
          ],
        },
        VersioningConfiguration: when('IsVersioned', { Status: 'Enabled' }),
        CorsConfiguration: when('HasAppOrigins', {
          CorsRules: [
            {
              AllowedOrigins: ref('AppOrigins'),
              AllowedMethods: ['PUT', 'GET', 'HEAD'],
              // The signature of each URL determines which headers count.
              AllowedHeaders: ['*'],
              ExposedHeaders: ['ETag', 'Content-Range'],
              MaxAge: CORS_SECONDS,
            },
          ],
        }),
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'abort-incomplete-multipart-uploads',
              Status: 'Enabled',
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            },
            {
              Id: 'expire-quarantine',
              Status: 'Enabled',
              Prefix: `${QUARANTINE_FOLDER}/`,
              ExpirationInDays: QUARANTINE_DAYS,
            },
            {
              Id: 'expire-noncurrent-versions',
              Status: 'Enabled',
              NoncurrentVersionExpiration: { NoncurrentDays: ref('NoncurrentDays') },
              ExpiredObjectDeleteMarker: true,
            },
          ],
        },
        MetricsConfigurations: when('HasRequestMetrics', [{ Id: METRICS_FILTER }], NO_VALUE),
      },
    },
    AudioBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: ref('AudioBucket'),
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'OnlyOverTls',
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [arn('AudioBucket'), sub('${AudioBucket.Arn}/*')],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      },
    },
  };
}
