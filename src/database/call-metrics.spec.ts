import { describe, expect, it } from '@jest/globals';
import { CircuitOpenError } from '../common/circuit-breaker.js';
import { DeadlineError } from '../common/deadline.js';
import { databaseCallOf } from './call-metrics.js';
import { NoAnswerError } from './database-errors.js';

const METADATA = { $metadata: { attempts: 1, requestId: 'a' } };

const metricsOf = (operation: string, input: object, result: unknown) =>
  databaseCallOf({ operation, input, result, durationMs: 12 });

function failure(name: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error('arn:aws:dynamodb'), { name, ...more });
}

describe('databaseCallOf', () => {
  it('tells table, operation, time and units of a read', () => {
    const answer = { ...METADATA, Item: {}, ConsumedCapacity: { TableName: 'users', CapacityUnits: 0.5 } };
    expect(metricsOf('GetItem', { TableName: 'users', Key: { user_id: 'ada' } }, answer)).toEqual({
      table: 'users',
      operation: 'GetItem',
      durationMs: 12,
      outcome: 'ok',
      attempts: 1,
      kind: 'read',
      units: { users: 0.5 },
    });
  });

  it.each(['GetItem', 'Query', 'BatchGetItem'])('counts units of %s as read', (operation) => {
    const answer = { ...METADATA, ConsumedCapacity: { CapacityUnits: 3 } };
    expect(metricsOf(operation, { TableName: 'users' }, answer)).toMatchObject({
      kind: 'read',
      units: { users: 3 },
    });
  });

  it.each(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'])(
    'counts units of %s as written',
    (operation) => {
      const answer = { ...METADATA, ConsumedCapacity: { CapacityUnits: 3 } };
      expect(metricsOf(operation, { TableName: 'users' }, answer)).toMatchObject({
        kind: 'write',
        units: { users: 3 },
      });
    },
  );

  it('tells the units of each of several tables, as batches and transactions have them', () => {
    const ConsumedCapacity = [
      { TableName: 'a', CapacityUnits: 2 },
      { TableName: 'b' },
      { TableName: 'c', CapacityUnits: 1 },
      { TableName: 'a', CapacityUnits: 1.5 },
    ];
    expect(metricsOf('BatchGetItem', {}, { ...METADATA, ConsumedCapacity }).units).toEqual({ a: 3.5, c: 1 });
  });

  it.each([undefined, []])('counts nothing where the answer tells %p', (ConsumedCapacity) => {
    const metrics = metricsOf('PutItem', { TableName: 'users' }, { ...METADATA, ConsumedCapacity });
    expect(metrics).toMatchObject({ units: {}, outcome: 'ok' });
  });

  it.each([
    ['one table', { TableName: 'users' }, 'users'],
    ['a batch', { RequestItems: { users: [] } }, 'users'],
    ['a transaction that puts first', { TransactItems: [{ Put: { TableName: 'users' } }] }, 'users'],
    ['a transaction that checks first', { TransactItems: [{ ConditionCheck: { TableName: 'b' } }] }, 'b'],
    ['an empty transaction', { TransactItems: [] }, 'unknown'],
    ['nothing', {}, 'unknown'],
  ])('finds the table of %s', (_what, input, table) => {
    expect(metricsOf('GetItem', input, METADATA).table).toBe(table);
  });

  it('tells how often the SDK tried, also where it failed in the end', () => {
    expect(metricsOf('GetItem', {}, { $metadata: { attempts: 2 } }).attempts).toBe(2);
    const error = failure('InternalServerError', { $metadata: { attempts: 2, httpStatusCode: 500 } });
    expect(metricsOf('GetItem', {}, error)).toMatchObject({ attempts: 2, outcome: 'failed' });
  });

  it.each([
    ['a condition that failed', failure('ConditionalCheckFailedException')],
    ['a request that was wrong', failure('ValidationException')],
    ['a defect of ours', new TypeError('undefined is not a function')],
    [
      'a transaction whose condition failed',
      failure('TransactionCanceledException', { CancellationReasons: [{ Code: 'ConditionalCheckFailed' }] }),
    ],
  ])('says that %s was refused', (_what, error) => {
    expect(metricsOf('PutItem', {}, error).outcome).toBe('refused');
  });

  it.each([
    ...['ThrottlingException', 'Throttling', 'ProvisionedThroughputExceededException'],
    ...['RequestLimitExceeded', 'LimitExceededException'],
  ])('says that %s is throttling', (name) => {
    const answered = { $metadata: { attempts: 2, httpStatusCode: 400 } };
    expect(metricsOf('PutItem', {}, failure(name, answered)).outcome).toBe('throttled');
  });

  it('says that a transaction which was cancelled by throttling is throttling', () => {
    const CancellationReasons = [{ Code: 'None' }, { Code: 'ThrottlingError' }];
    const error = failure('TransactionCanceledException', { CancellationReasons });
    expect(metricsOf('TransactWriteItems', {}, error).outcome).toBe('throttled');
  });

  it.each([
    ['no answer in time', new DeadlineError('the database', 1500)],
    ['an answer from somebody else', new NoAnswerError()],
    ['a lost connection', failure('Error', { code: 'ECONNRESET' })],
    ['a fault on their side', failure('InternalServerError', { $metadata: { httpStatusCode: 500 } })],
    ['a conflict of transactions', failure('TransactionConflictException')],
    ['a proxy that answers 503', failure('ThrottledByProxy', { $metadata: { httpStatusCode: 503 } })],
  ])('says that it failed where there was %s', (_what, error) => {
    expect(metricsOf('PutItem', {}, error).outcome).toBe('failed');
  });

  it('counts no try of a call that was not made', () => {
    const metrics = metricsOf('GetItem', { TableName: 'users' }, new CircuitOpenError('the database'));
    expect(metrics).toMatchObject({ outcome: 'failed', attempts: 0 });
  });

  it('reads metrics of a thing thrown that is no error', () => {
    expect(metricsOf('GetItem', {}, { $metadata: undefined })).toMatchObject({ attempts: 1, units: {} });
  });
});
