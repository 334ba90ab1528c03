import type { TableDefinition } from '../../src/database/tables.js';
import { type Resources, sub } from './cloudformation.js';
import { tableNameParameter } from './parameters.js';

const MINUTE = 60;

type Line = readonly (string | Record<string, string>)[];

/** One row of widgets for each table: consumed units, throttled requests, latency and errors. */
export function dashboardResources(definitions: readonly TableDefinition[]): Resources {
  // Without a layout, CloudWatch puts four widgets into a row.
  const widgets = definitions.flatMap((definition) =>
    diagrams(definition).map(({ title, stat, metrics }) => ({
      type: 'metric',
      properties: {
        title: `\${${tableNameParameter(definition.name)}}: ${title}`,
        region: '${AWS::Region}',
        period: MINUTE,
        stat,
        metrics,
      },
    })),
  );
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardBody: sub(JSON.stringify({ widgets })) },
    },
  };
}

function diagrams(definition: TableDefinition): { title: string; stat: string; metrics: readonly Line[] }[] {
  const name = `\${${tableNameParameter(definition.name)}}`;
  const ofTableAndIndexes = (metric: string): Line[] => {
    const table = ['AWS/DynamoDB', metric, 'TableName', name];
    return [table, ...definition.indexes.map((index) => [...table, 'GlobalSecondaryIndexName', index.name])];
  };
  // One line for each operation.
  const byOperation = (metric: string, stat: string): Line => {
    const which = `{AWS/DynamoDB,Operation,TableName} MetricName="${metric}" TableName="${name}"`;
    return [{ expression: `SEARCH('${which}', '${stat}', ${MINUTE})` }];
  };
  return [
    {
      title: 'consumed units',
      stat: 'Sum',
      metrics: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].flatMap(ofTableAndIndexes),
    },
    {
      title: 'throttled',
      stat: 'Sum',
      metrics: ['ReadThrottleEvents', 'WriteThrottleEvents'].flatMap(ofTableAndIndexes),
    },
    {
      title: 'latency, ms',
      stat: 'Average',
      metrics: [byOperation('SuccessfulRequestLatency', 'Average')],
    },
    {
      title: 'errors and conflicts',
      stat: 'Sum',
      metrics: [
        byOperation('SystemErrors', 'Sum'),
        ['AWS/DynamoDB', 'ConditionalCheckFailedRequests', 'TableName', name],
        ['AWS/DynamoDB', 'TransactionConflict', 'TableName', name],
      ],
    },
  ];
}
