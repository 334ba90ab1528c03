import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { requestHandler, withoutUnusedSteps } from '../common/aws-client.js';
import type { AppConfig } from '../config/config.js';
import { type DocumentClient, DirectDocumentClient } from './transport/direct-client.js';

/**
 * At most two tries: with the SDK's own three and its long pauses, throttling takes seconds, and a waiting client
 * repeats the request anyway.
 */
const MAX_ATTEMPTS = 2;

/**
 * The one DynamoDB client of the process. Deadlines of whole calls are in `Database`.
 *
 * @param options.maxAttempts tries of one call; more than two only for commands, where nobody waits
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

/** What the service itself sends its calls by: the direct way, or the SDK where that is configured. */
export function createServingClient(
  client: DynamoDBClient,
  { database }: Pick<AppConfig, 'database'>,
): DocumentClient {
  const documents = createDocumentClient(client);
  if (database.transport === 'sdk') return documents;
  return new DirectDocumentClient(client, documents, database.budgetMs);
}

/** The same with plain JavaScript values in place of attribute values. */
export function createDocumentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
