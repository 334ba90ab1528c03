import type { IndexDefinition, KeyAttribute, TableDefinition } from '../../src/database/tables.js';
import { type Json, pascalCase, ref, type Resource, type Resources, sub, when } from './cloudformation.js';
import { tableNameParameter } from './parameters.js';

/** The resource of a table. */
export function tableResource({ name }: TableDefinition): string {
  return `${name}Table`;
}

/** The tables, and what scales their capacity where it is provisioned. */
export function tableResources(definitions: readonly TableDefinition[]): Resources {
  return Object.fromEntries(
    definitions.flatMap((definition) => [
      [tableResource(definition), table(definition)],
      ...Object.entries(scaling(definition)),
    ]),
  );
}

function table(definition: TableDefinition): Resource {
  const { name, indexes, timeToLive } = definition;
  const attributes = new Map([definition, ...indexes].flatMap(keys).map((key) => [key.name, key.type]));
  return {
    Type: 'AWS::DynamoDB::Table',
    // Twice over: nobody loses rows by a mistaken stack, nor by a mistaken call.
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      TableName: ref(tableNameParameter(name)),
      BillingMode: ref('BillingMode'),
      ProvisionedThroughput: throughput(),
      AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: keySchema(definition),
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(index),
        Projection: { ProjectionType: index.projection },
        ProvisionedThroughput: throughput(),
      })),
      ...(timeToLive !== undefined && {
        TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
      }),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
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

/** Read and write capacity of a table and of each of its indexes, which have capacity of their own. */
function scaling(definition: TableDefinition): Resources {
  const tableId = `table/\${${tableResource(definition)}}`;
  const scaled = [
    { name: definition.name, kind: 'table', id: tableId },
    ...definition.indexes.map(({ name }) => ({
      name: pascalCase(name),
      kind: 'index',
      id: `${tableId}/index/${name}`,
    })),
  ];
  return Object.fromEntries(
    scaled.flatMap(({ name, kind, id }) =>
      ['Read', 'Write'].flatMap((direction) => {
        const target = `${name}${direction}Scaling`;
        return [
          [target, scalableTarget(id, kind, direction)],
          [`${name}${direction}ScalingPolicy`, scalingPolicy(target, direction)],
        ];
      }),
    ),
  );
}

function scalableTarget(id: string, kind: string, direction: string): Resource {
  return {
    Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    Condition: 'IsProvisioned',
    Properties: {
      ServiceNamespace: 'dynamodb',
      ResourceId: sub(id),
      ScalableDimension: `dynamodb:${kind}:${direction}CapacityUnits`,
      MinCapacity: ref(`Min${direction}Capacity`),
      MaxCapacity: ref(`Max${direction}Capacity`),
    },
  };
}

function scalingPolicy(target: string, direction: string): Resource {
  return {
    Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    Condition: 'IsProvisioned',
    Properties: {
      PolicyName: target,
      PolicyType: 'TargetTrackingScaling',
      ScalingTargetId: ref(target),
      TargetTrackingScalingPolicyConfiguration: {
        PredefinedMetricSpecification: {
          PredefinedMetricType: `DynamoDB${direction}CapacityUtilization`,
        },
        TargetValue: ref('TargetUtilization'),
      },
    },
  };
}
