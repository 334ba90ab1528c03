import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { requestHandler, withoutUnusedSteps } from '../common/aws-client.js';
import type { AppConfig } from '../config/config.js';
import { type DocumentClient, DirectDocumentClient } from './transport/direct-client.js';

/**
 * At most two attempts. With the SDK's default of three and its long pauses, throttling takes seconds, and a waiting
 * client retries anyway.
 */
const MAX_ATTEMPTS = 2;

/**
 * The only DynamoDB client of the process. `Database` sets the deadlines of whole calls.
 *
 * @param options.maxAttempts attempts of one call. More than two only for commands, where no client waits
 */
export function createDynamoDbClient(
  config: Pick<AppConfig, 'aws' | 'database'>,
  { maxAttempts = MAX_ATTEMPTS } = {},
): DynamoDBClient {
  const { budgetMs, endpoint } = config.database;
  const client = new DynamoDBClient({
    region: config.aws.region,
    ...(config.aws.credentials && { credentials: config.aws.credentials }),
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
