import type { TableDefinition } from '../../src/database/tables.js';
import { pascalCase, ref, type Resource, type Resources, sub } from './cloudformation.js';
import { tableNameParameter } from './parameters.js';

/** Scaling of the provisioned capacity of tables and of their indexes, which have their own capacity. */
export function scalingResources(definitions: readonly TableDefinition[]): Resources {
  return Object.assign({}, ...definitions.map(scaling)) as Resources;
}

function scaling(definition: TableDefinition): Resources {
  const tableId = `table/\${${tableNameParameter(definition.name)}}`;
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
