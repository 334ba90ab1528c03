import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { IndexDefinition, KeyAttribute, TableDefinition } from './tables.js';

/** A table exists with another definition. Nothing was changed. */
export class TableMismatchError extends Error {
  constructor(
    readonly table: string,
    readonly differences: readonly string[],
  ) {
    super(`Table ${table} exists and differs: ${differences.join('; ')}`);
    this.name = 'TableMismatchError';
  }
}

/** The result for a table. */
export interface EnsuredTable {
  readonly table: string;
  readonly created: boolean;
  /** Whether time to live was turned on for an existing table. */
  readonly expiryEnabled?: true;
}

/** Time limit for a new table to become active, in seconds. */
const CREATION_LIMIT_SECONDS = 120;

/**
 * Creates tables. Idempotent: an existing table with the right definition is not changed. Another definition is an
 * error, and nothing is changed.
 */
export class TableCreator {
  constructor(private readonly client: DynamoDBClient) {}

  /**
   * @returns the result for each table
   * @throws TableMismatchError before anything is created, if any existing table has another definition
   */
  async ensure(definitions: readonly TableDefinition[]): Promise<EnsuredTable[]> {
    const found = await Promise.all(definitions.map((definition) => this.describe(definition.name)));
    definitions.forEach((definition, i) => assertSame(definition, found[i]));
    // Checked for existing tables too: a process may have died after it created a table and before it turned this on.
    const lackTimeToLive = await Promise.all(
      definitions.map((definition, i) =>
        found[i] ? this.lacksTimeToLive(definition) : Promise.resolve(true),
      ),
    );
    return Promise.all(
      definitions.map(async (definition, i) => {
        const created = found[i] === undefined && (await this.create(definition));
        await waitUntilTableExists(
          { client: this.client, maxWaitTime: CREATION_LIMIT_SECONDS, minDelay: 1, maxDelay: 5 },
          { TableName: definition.name },
        );
        if (lackTimeToLive[i]) await this.enableTimeToLive(definition);
        const isEnabled = lackTimeToLive[i] && !created && definition.timeToLive !== undefined;
        return { table: definition.name, created, ...(isEnabled && { expiryEnabled: true as const }) };
      }),
    );
  }

  /** @throws TableMismatchError if the rows of the table expire by another attribute */
  private async lacksTimeToLive({ name, timeToLive }: TableDefinition): Promise<boolean> {
    if (timeToLive === undefined) return false;
    const { TimeToLiveDescription: found } = await this.client.send(
      new DescribeTimeToLiveCommand({ TableName: name }),
    );
    if (found?.TimeToLiveStatus !== 'ENABLED' && found?.TimeToLiveStatus !== 'ENABLING') return true;
    if (found.AttributeName === timeToLive) return false;
    const difference = `time to live is on ${found.AttributeName}, must be on ${timeToLive}`;
    throw new TableMismatchError(name, [difference]);
  }

  private async enableTimeToLive(definition: TableDefinition): Promise<void> {
    const { name, timeToLive } = definition;
    if (timeToLive === undefined) return;
    try {
      await this.client.send(
        new UpdateTimeToLiveCommand({
          TableName: name,
          TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
        }),
      );
    } catch (error) {
      // DynamoDB refuses the call if another process has just turned it on.
      if (await this.lacksTimeToLive(definition)) throw error;
    }
  }

  private async describe(table: string): Promise<TableDescription | undefined> {
    try {
      return (await this.client.send(new DescribeTableCommand({ TableName: table }))).Table;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  private async create(definition: TableDefinition): Promise<boolean> {
    const keys = [definition, ...definition.indexes].flatMap(keyAttributes);
    const attributes = new Map(keys.map(({ name, type }) => [name, type]));
    try {
      await this.client.send(
        new CreateTableCommand({
          TableName: definition.name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [...attributes].map(([name, type]) => ({
            AttributeName: name,
            AttributeType: type,
          })),
          KeySchema: keySchema(definition),
          // DynamoDB refuses an empty list.
          ...(definition.indexes.length > 0 && {
            GlobalSecondaryIndexes: definition.indexes.map((index) => ({
              IndexName: index.name,
              KeySchema: keySchema(index),
              Projection: { ProjectionType: index.projection },
            })),
          }),
        }),
      );
      return true;
    } catch (error) {
      // Another process is creating it now, with the same definition.
      if (error instanceof ResourceInUseException) return false;
      throw error;
    }
  }
}

type Keyed = Pick<IndexDefinition, 'partitionKey' | 'sortKey'>;

function keyAttributes({ partitionKey, sortKey }: Keyed): KeyAttribute[] {
  return sortKey ? [partitionKey, sortKey] : [partitionKey];
}

function keySchema(keyed: Keyed): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] {
  return keyAttributes(keyed).map(({ name }, i) => ({
    AttributeName: name,
    KeyType: i === 0 ? 'HASH' : 'RANGE',
  }));
}

function assertSame(definition: TableDefinition, table: TableDescription | undefined): void {
  if (table === undefined) return;
  const types = new Map(table.AttributeDefinitions?.map((a) => [a.AttributeName, a.AttributeType]));
  const actual = (schema: TableDescription['KeySchema']) =>
    // The partition key first. The order of the engine varies.
    [...(schema ?? [])]
      .sort((a) => (a.KeyType === 'HASH' ? -1 : 1))
      .map((key) => `${key.AttributeName} (${types.get(key.AttributeName)})`)
      .join(' + ');
  const wanted = (keyed: Keyed) =>
    keyAttributes(keyed)
      .map(({ name, type }) => `${name} (${type})`)
      .join(' + ');
  const differences: string[] = [];
  const compare = (what: string, is: string, should: string) => {
    if (is !== should) differences.push(`${what} is ${is || 'missing'}, must be ${should}`);
  };
  compare('key', actual(table.KeySchema), wanted(definition));
  for (const index of definition.indexes) {
    const found = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index.name);
    compare(`key of index ${index.name}`, actual(found?.KeySchema), wanted(index));
    if (found)
      compare(`projection of index ${index.name}`, found.Projection?.ProjectionType ?? '', index.projection);
  }
  if (differences.length > 0) throw new TableMismatchError(definition.name, differences);
}
