import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { requestHandler, withoutUnusedSteps } from '../common/aws-client.js';
import type { AppConfig } from '../config/config.js';
import { type DocumentClient, DirectDocumentClient } from './transport/direct-client.js';

/**
 * At most two attempts. With the SDK's default of three and its long pauses, throttling takes seconds, and a waiting
 * client retries anyway.
 */
const MAX_ATTEMPTS = 2;

interface ClientOptions {
  readonly maxAttempts?: number;
  readonly credentials?: DynamoDBClientConfig['credentials'];
}

/**
 * The only DynamoDB client of the process. `Database` sets the deadlines of whole calls.
 *
 * @param options.maxAttempts tries of one call; more than two only for commands, where nobody waits
 * @param options.credentials of another client, so that they are not looked up twice
 */
export function createDynamoDbClient(
  config: Pick<AppConfig, 'aws' | 'database'>,
  { maxAttempts = MAX_ATTEMPTS, credentials = config.aws.credentials }: ClientOptions = {},
): DynamoDBClient {
  const { budgetMs, endpoint } = config.database;
  const client = new DynamoDBClient({
    region: config.aws.region,
    ...(credentials && { credentials }),
    ...(endpoint && { endpoint }),
    maxAttempts,
    requestHandler: requestHandler(budgetMs),
  });
  return withoutUnusedSteps(client);
}

/** The client for the calls of the service: the direct transport, or the SDK if that is configured. */
export function createServingClient(
  client: DynamoDBClient,
  { database }: Pick<AppConfig, 'database'>,
): DocumentClient {
  const documents = createDocumentClient(client);
  if (database.transport === 'sdk') return documents;
  return new DirectDocumentClient(client, documents, database.budgetMs);
}

/** A client with plain JavaScript values instead of attribute values. */
export function createDocumentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
