import type { TableDefinition } from '../../src/database/tables.js';
import { type Json, ref, sub } from './cloudformation.js';
import { tableNameParameter } from './parameters.js';

/** A table, or one of its indexes, which DynamoDB counts separately. */
export interface Counted {
  /** The parameter with the name of the table. */
  readonly table: string;
  readonly index?: string;
}

/** Everything with its own capacity. */
export function countedIn(definitions: readonly TableDefinition[]): Counted[] {
  return definitions.flatMap((definition) => {
    const table = tableNameParameter(definition.name);
    return [{ table }, ...definition.indexes.map(({ name }) => ({ table, index: name }))];
  });
}

/** The sum of DynamoDB metrics, each of which is missing while there is nothing to count. */
export function added(
  metrics: readonly string[],
  counted: readonly Counted[],
  periodSeconds: number,
  factor = 1,
): Json {
  const stats = counted.flatMap((part) => metrics.map((metric) => stat(metric, part, periodSeconds)));
  return [
    ...stats.map((MetricStat, i) => ({ Id: `m${i + 1}`, MetricStat, ReturnData: false })),
    {
      Id: 'total',
      Expression: `SUM(FILL(METRICS(), 0))${factor === 1 ? '' : ` * ${factor}`}`,
      ReturnData: true,
    },
  ];
}

/** A metric that DynamoDB counts for each operation on a table, summed over all operations. */
export function ofAllOperations(metric: string, table: string, periodSeconds: number): Json {
  const schema = 'SCHEMA("AWS/DynamoDB", Operation, TableName)';
  return [
    {
      Id: 'total',
      Expression: sub(`SELECT SUM(${metric}) FROM ${schema} WHERE TableName = '\${${table}}'`),
      Period: periodSeconds,
      ReturnData: true,
    },
  ];
}

function stat(metric: string, { table, index }: Counted, periodSeconds: number): Json {
  return {
    Metric: {
      Namespace: 'AWS/DynamoDB',
      MetricName: metric,
      Dimensions: [
        { Name: 'TableName', Value: ref(table) },
        ...(index === undefined ? [] : [{ Name: 'GlobalSecondaryIndexName', Value: index }]),
      ],
    },
    Period: periodSeconds,
    Stat: 'Sum',
  };
}
