import type { IndexDefinition, KeyAttribute, TableDefinition } from '../../src/database/tables.js';
import { type Json, ref, type Resource, type Resources, when } from './cloudformation.js';
import { tableNameParameter } from './parameters.js';

/** The resource of a table. */
export function tableResource({ name }: TableDefinition): string {
  return `${name}Table`;
}

/** The tables. */
export function tableResources(definitions: readonly TableDefinition[]): Resources {
  return Object.fromEntries(definitions.map((definition) => [tableResource(definition), table(definition)]));
}

function table(definition: TableDefinition): Resource {
  const { name, indexes, timeToLive, isEphemeral = false } = definition;
  const attributes = new Map([definition, ...indexes].flatMap(keys).map((key) => [key.name, key.type]));
  return {
    Type: 'AWS::DynamoDB::Table',
    // Two protections: neither a mistake with a stack nor a mistaken call deletes rows. A failed first deployment
    // deletes its empty tables, because their names would block the next attempt.
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      TableName: ref(tableNameParameter(name)),
      // The load of an ephemeral table is that of an attack, which no capacity is planned for.
      ...(isEphemeral
        ? { BillingMode: 'PAY_PER_REQUEST' }
        : { BillingMode: ref('BillingMode'), ProvisionedThroughput: throughput() }),
      AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: keySchema(definition),
      // CloudFormation refuses an empty list.
      ...(indexes.length > 0 && {
        GlobalSecondaryIndexes: indexes.map((index) => ({
          IndexName: index.name,
          KeySchema: keySchema(index),
          Projection: { ProjectionType: index.projection },
          ProvisionedThroughput: throughput(),
        })),
      }),
      ...(timeToLive !== undefined && {
        TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
      }),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: !isEphemeral },
      DeletionProtectionEnabled: when('IsProtected', true, false),
    },
  };
}

type Keyed = Pick<IndexDefinition, 'partitionKey' | 'sortKey'>;

function keys({ partitionKey, sortKey }: Keyed): KeyAttribute[] {
  return sortKey ? [partitionKey, sortKey] : [partitionKey];
}

function keySchema(keyed: Keyed): Json {
  return keys(keyed).map(({ name }, i) => ({ AttributeName: name, KeyType: i === 0 ? 'HASH' : 'RANGE' }));
}

function throughput(): Json {
  return when('IsProvisioned', {
    ReadCapacityUnits: ref('MinReadCapacity'),
    WriteCapacityUnits: ref('MinWriteCapacity'),
  });
}
