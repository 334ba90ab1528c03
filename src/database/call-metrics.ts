import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { CircuitOpenError } from '../common/circuit-breaker.js';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { isTransportFailure } from '../common/transport-failures.js';
import type { DatabaseCall } from '../metrics/metrics.js';
import type { EndedCall } from './database.js';
import { cancellationCodes, translateDatabaseError } from './database-errors.js';
import { tablesOf } from './tables-of-call.js';

const THROTTLING = /Throttl|Throughput|LimitExceeded/;

const READS = new Set(['GetItem', 'Query', 'BatchGetItem']);

/** The metrics of a call: table, duration, result, consumed capacity. */
export function databaseCallOf({ operation, input, result, durationMs }: EndedCall): DatabaseCall {
  const { ConsumedCapacity: consumed, $metadata } = result as {
    ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
    $metadata?: { attempts?: number };
  };
  const table = tablesOf(input)[0] ?? 'unknown';
  const units: Record<string, number> = {};
  for (const { TableName = table, CapacityUnits = 0 } of [consumed ?? []].flat()) {
    if (CapacityUnits > 0) units[TableName] = (units[TableName] ?? 0) + CapacityUnits;
  }
  return {
    operation,
    table,
    durationMs,
    outcome: outcomeOf(result),
    attempts: result instanceof CircuitOpenError ? 0 : ($metadata?.attempts ?? 1),
    kind: READS.has(operation) ? 'read' : 'write',
    units,
  };
}

function outcomeOf(result: unknown): DatabaseCall['outcome'] {
  if (!(result instanceof Error)) return 'ok';
  if (!(translateDatabaseError(result) instanceof UnavailableError)) return 'refused';
  const names = [result.name, ...cancellationCodes(result)];
  return names.some((name) => THROTTLING.test(name)) && !isTransportFailure(result) ? 'throttled' : 'failed';
}
