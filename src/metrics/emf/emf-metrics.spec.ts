import { beforeEach, describe, expect, it } from '@jest/globals';
import { faultsOfEmf } from '../../../test/support/emf-rules.js';
import type { DatabaseCall } from '../metrics.js';
import { EmfMetrics } from './emf-metrics.js';

const USER = '4b1c2a0e-7d0f-4b57-9d5e-0a4b7f1c2d3e';
const ROUTE = '/api/audio-file/:file_id';

const READ: DatabaseCall = {
  ...{ table: 'files', operation: 'GetItem', kind: 'read', outcome: 'ok' },
  ...{ durationMs: 2.5, attempts: 1, units: { files: 0.5 } },
};
const WRITE: DatabaseCall = {
  ...{ table: 'users', operation: 'TransactWriteItems', kind: 'write', outcome: 'ok' },
  ...{ durationMs: 8, attempts: 2, units: { users: 4, sessions: 2 } },
};

let written: string[];
let metrics: EmfMetrics;

beforeEach(() => {
  written = [];
  metrics = new EmfMetrics('api', (line) => written.push(line));
});

/** What is written now. Every line with metrics keeps the rules of the format. */
function flushed(): Record<string, unknown>[] {
  written = [];
  metrics.flush();
  return written.map((text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    if ('_aws' in line) expect(faultsOfEmf(text)).toEqual([]);
    return line;
  });
}

/** The names of the metrics of a line. */
function names({ _aws: aws }: Record<string, unknown>): string[] {
  const { CloudWatchMetrics: directives } = aws as {
    CloudWatchMetrics: { Metrics: { Name: string }[] }[];
  };
  return directives.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
}

describe('EmfMetrics', () => {
  it('writes nothing where nothing happened, and nothing twice', () => {
    expect(flushed()).toEqual([]);
    metrics.requestStarted();
    metrics.watch();
    expect(flushed()).toEqual([]);
    metrics.requestEnded('GET', ROUTE, 200, 1);
    expect(flushed()).toHaveLength(1);
    expect(flushed()).toEqual([]);
    metrics.close();
    expect(written).toEqual([]);
  });

  it('writes one request with all that it did in one line', () => {
    metrics.requestStarted();
    metrics.databaseCall(READ);
    metrics.databaseCall(READ);
    metrics.databaseCall(WRITE);
    metrics.storageCall({ operation: 'HeadObject', outcome: 'failed', durationMs: 30 });
    metrics.hashWait(1.25);
    metrics.activity('login');
    metrics.requestEnded('GET', ROUTE, 503, 12.3456);
    const metric = (Name: string, Unit = 'Count') => ({ Name, Unit });
    expect(flushed()).toEqual([
      {
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'DecisionData',
              Dimensions: [['service']],
              Metrics: [
                ...[metric('Requests'), metric('ServerErrors'), metric('Latency', 'Milliseconds')],
                ...[metric('DynamoDBCalls'), metric('ReadUnits'), metric('WriteUnits')],
                ...[metric('S3Calls'), metric('S3Failures'), metric('Logins')],
              ],
            },
          ],
        },
        ...{ service: 'api', method: 'GET', route: ROUTE, status: 503 },
        ...{ Requests: 1, ServerErrors: 1, Latency: [12.3] },
        ...{ DynamoDBCalls: 3, ReadUnits: 1, WriteUnits: 6, S3Calls: 1, S3Failures: 1, Logins: 1 },
        dynamodb: [
          {
            ...{ table: 'files', operation: 'GetItem', kind: 'read', outcome: 'ok' },
            ...{ calls: 2, attempts: 2, duration_ms: 5, units: 1 },
          },
          {
            ...{ table: 'users', operation: 'TransactWriteItems', kind: 'write', outcome: 'ok' },
            ...{ calls: 1, attempts: 2, duration_ms: 8, units: 4 },
          },
          {
            ...{ table: 'sessions', operation: 'TransactWriteItems', kind: 'write', outcome: 'ok' },
            ...{ calls: 0, attempts: 0, duration_ms: 0, units: 2 },
          },
        ],
        s3: [{ operation: 'HeadObject', outcome: 'failed', calls: 1, duration_ms: 30 }],
        hashing: [{ waits: 1, wait_ms: 1.25 }],
      },
    ]);
  });

  it('writes requests of several kinds in a line each, and all else in one of its own', () => {
    for (const status of [200, 200, 404, 429, 500]) metrics.requestEnded('GET', ROUTE, status, status / 100);
    metrics.limitRefusal('login');
    metrics.databaseCall(READ);
    const lines = flushed();
    expect(lines.map(({ status, Requests: requests }) => [status, requests])).toEqual([
      ...[
        [200, 2],
        [404, 1],
        [429, 1],
        [500, 1],
      ],
      [undefined, undefined],
    ]);
    expect(lines.slice(0, 4).map(names)).toEqual([
      ['Requests', 'Latency'],
      ['Requests', 'ClientErrors', 'Latency'],
      ['Requests', 'Throttled', 'Latency'],
      ['Requests', 'ServerErrors', 'Latency'],
    ]);
    expect(lines[0]).toMatchObject({ Latency: [2, 2] });
    expect(lines[4]).toMatchObject({
      DynamoDBCalls: 1,
      refusals: [{ limit: 'login', count: 1 }],
      dynamodb: [{ table: 'files' }],
    });
    expect(lines[4]).not.toHaveProperty('route');
  });

  it('has at most a hundred values in a line, and loses none', () => {
    for (let n = 1; n <= 250; n++) metrics.requestEnded('GET', ROUTE, 200, n);
    const lines = flushed();
    expect(lines.map(({ Requests: requests }) => requests)).toEqual([100, 100, 50]);
    expect(lines.flatMap(({ Latency: latency }) => latency)).toEqual(
      Array.from({ length: 250 }, (_, i) => i + 1),
    );
  });

  it('keeps a bounded number of requests in memory', () => {
    for (let n = 0; n < 12_000; n++) metrics.requestEnded('GET', ROUTE, 200, 1);
    expect(written).toHaveLength(100);
    expect(flushed()).toHaveLength(20);
  });

  it('counts calls to DynamoDB that failed, and not those that a condition refused', () => {
    for (const outcome of ['ok', 'refused', 'throttled', 'failed'] as const) {
      metrics.databaseCall({ ...READ, outcome, units: {} });
    }
    expect(flushed()).toMatchObject([{ DynamoDBCalls: 4, DynamoDBFailures: 2 }]);
  });

  it('counts every activity under a name of its own', () => {
    const activities = ['registration', 'login', 'upload-completed', 'download'] as const;
    const ofFiles = ['audio-file-created', 'audio-file-deleted', 'account-deleted'] as const;
    for (const activity of [...activities, ...ofFiles]) metrics.activity(activity);
    metrics.activity('download');
    const [line = {}] = flushed();
    expect(line).toEqual({
      ...{ _aws: expect.anything(), service: 'api' },
      ...{ Registrations: 1, Logins: 1, Uploads: 1, Downloads: 2 },
      ...{ FilesCreated: 1, FilesDeleted: 1, AccountsDeleted: 1 },
    });
  });

  it('writes properties without a metric as no metric', () => {
    metrics.cacheRead(true);
    metrics.cacheRead(true);
    metrics.cacheRead(false);
    expect(flushed()).toEqual([
      {
        service: 'api',
        cache: [
          { result: 'hit', count: 2 },
          { result: 'miss', count: 1 },
        ],
      },
    ]);
  });

  it('has no user in any line', () => {
    (metrics as { requestEnded(...given: unknown[]): void }).requestEnded('GET', ROUTE, 200, 1, USER);
    metrics.flush();
    expect(written.join()).not.toContain(USER);
  });
});
