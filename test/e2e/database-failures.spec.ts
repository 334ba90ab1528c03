import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Behaviour,
  type DatabaseStub,
  dynamoDbError,
  startDatabaseStub,
} from '../support/database-stub.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { PROBLEM_TYPE, problemBody } from '../support/problem-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LEAK = /exception|aws|arn:|dynamo|users-|audio-files-|proxy|\.js|node_modules|127\.0\.0\.1/i;
const PAGE = '<html><body>Proxy: the site is down</body></html>';

/** What an outage looks like from here. */
const PASSING: [name: string, behaviour: Behaviour][] = [
  ['throttles', dynamoDbError(400, 'ThrottlingException')],
  ['throttles the table', dynamoDbError(400, 'ProvisionedThroughputExceededException')],
  ['limits the account', dynamoDbError(400, 'RequestLimitExceeded')],
  ['fails', dynamoDbError(500, 'InternalServerError')],
  ['is unavailable', dynamoDbError(503, 'ServiceUnavailable')],
  ['finds the credentials expired', dynamoDbError(400, 'ExpiredTokenException')],
  ['is behind a proxy that answers 502', { status: 502, body: PAGE, type: 'text/html' }],
  ['is behind a proxy that answers 504', { status: 504, body: PAGE, type: 'text/html' }],
  ['is behind a proxy that answers 200 with a page', { status: 200, body: PAGE, type: 'text/html' }],
  ['is behind a proxy that answers 200 with nothing', { status: 200, body: '', type: 'text/html' }],
  ['is behind a proxy that redirects', { status: 302, body: PAGE, type: 'text/html' }],
  ['answers half of its JSON', { status: 200, body: '{"Item":{"user_id"' }],
  ['answers and is cut off', { status: 200, body: '{"Item":{"user_id"', cutShort: true }],
  ['cuts the connection', 'cut'],
  ['never answers', 'silence'],
];

/** What is wrong with the service itself. */
const DEFECTS: [name: string, behaviour: Behaviour][] = [
  ['ValidationException', dynamoDbError(400, 'ValidationException')],
];

/** What is wrong with the deployment. */
const DEPLOYMENTS: [name: string, behaviour: Behaviour, remedy: RegExp][] = [
  ['AccessDeniedException', dynamoDbError(400, 'AccessDeniedException'), /ServicePolicy/],
  ['ResourceNotFoundException', dynamoDbError(400, 'ResourceNotFoundException'), /npm run tables/],
  ['UnrecognizedClientException', dynamoDbError(400, 'UnrecognizedClientException'), /access key/],
  ['InvalidSignatureException', dynamoDbError(400, 'InvalidSignatureException'), /signature/],
];

/** A caller whose account the application has just asked about, so that what fails is the request's own call. */
async function knownCaller(app: TestApp): Promise<{ Authorization: string }> {
  const { user_id: userId } = await putOlderUser(app);
  const authorization = olderToken(app, userId);
  await app.http.get('/api/user/audio-files').set(authorization).expect(200);
  return authorization;
}

describe('an application whose database', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let authorization: { Authorization: string };

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({
      ...{ DYNAMODB_ENDPOINT: stub.endpoint, DATABASE_BUDGET_MS: '300', SESSION_CACHE_SECONDS: '3600' },
    });
    authorization = await knownCaller(app);
  });

  beforeEach(() => stub.behave(() => 'forward'));

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
  const file = `/api/audio-file/${randomUUID()}`;
  const REQUESTS: [name: string, path: string, send: () => ReturnType<TestApp['http']['get']>][] = [
    ['register', '/api/register', () => app.http.post('/api/register').send(credentials)],
    ['login', '/api/login', () => app.http.post('/api/login').send(credentials)],
    ['list', '/api/user/audio-files', () => app.http.get('/api/user/audio-files')],
    ['create', '/api/audio-file', () => app.http.post('/api/audio-file').send({ s3_key: 'a' })],
    ['get', file, () => app.http.get(file)],
    ['delete', file, () => app.http.delete(file)],
  ];

  describe.each(PASSING)('%s', (_name, behaviour) => {
    it.each(REQUESTS)('answers 503 to %s, after two tries at most', async (_request, path, send) => {
      stub.behave(() => behaviour);
      const requestId = randomUUID();
      const answer = await send().set(authorization).set('X-Request-Id', requestId);
      expect(answer.body).toEqual({
        ...problemBody(503, 'The service is temporarily unavailable', path),
        request_id: requestId,
      });
      expect(answer.status).toBe(503);
      expect(answer.headers['content-type']).toMatch(PROBLEM_TYPE);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.text).not.toMatch(LEAK);
      expect(stub.calls.length).toBeGreaterThanOrEqual(1);
      expect(stub.calls.length).toBeLessThanOrEqual(2);
      expect(app.logs.filter((line) => line.request_id === requestId && line['err'])).toHaveLength(1);
    });
  });

  describe.each(DEPLOYMENTS)('answers %s', (name, behaviour, remedy) => {
    it.each(REQUESTS)(
      'answers 503 to %s and logs what to do, after one try',
      async (_request, path, send) => {
        stub.behave(() => behaviour);
        const requestId = randomUUID();
        const answer = await send().set(authorization).set('X-Request-Id', requestId);
        expect(answer.body).toEqual({
          ...problemBody(503, 'The service is temporarily unavailable', path),
          request_id: requestId,
        });
        expect(answer.status).toBe(503);
        expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
        expect(answer.text).not.toMatch(LEAK);
        expect(stub.calls).toHaveLength(1);
        const tables = Object.values(app.config.tables);
        expect(app.logs.filter((line) => line.request_id === requestId && line.level === 'error')).toEqual([
          expect.objectContaining({
            msg: expect.stringMatching(remedy),
            service: 'DynamoDB',
            operation: stub.calls[0],
            region: app.config.aws.region,
            endpoint: stub.endpoint,
            err: expect.objectContaining({ type: name, stack: expect.any(String) }),
          }),
        ]);
        const named = app.logs.find((line) => line.request_id === requestId && line.level === 'error')?.[
          'table'
        ];
        expect(tables).toEqual(expect.arrayContaining(String(named).split(',')));
      },
    );
  });

  describe.each(DEFECTS)('answers %s', (name, behaviour) => {
    it.each(REQUESTS)('answers 500 to %s and logs the error, after one try', async (_request, path, send) => {
      stub.behave(() => behaviour);
      const requestId = randomUUID();
      const answer = await send().set(authorization).set('X-Request-Id', requestId);
      expect(answer.body).toEqual({
        ...problemBody(500, 'Something went wrong on our side', path),
        request_id: requestId,
      });
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toMatch(PROBLEM_TYPE);
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(answer.text).not.toMatch(LEAK);
      expect(stub.calls).toHaveLength(1);
      expect(app.logs.filter((line) => line.request_id === requestId && line.level === 'error')).toEqual([
        expect.objectContaining({ err: expect.objectContaining({ type: name, stack: expect.any(String) }) }),
      ]);
    });
  });
});

describe('an application whose database fails once', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let authorization: { Authorization: string };

  // An application of its own: after many failures the SDK stops trying again for a while.
  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, SESSION_CACHE_SECONDS: '3600' });
    authorization = await knownCaller(app);
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const file = `/api/audio-file/${randomUUID()}`;
  const credentials = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });

  it.each([
    [
      'create',
      ['BatchGetItem', 'PutItem'],
      () => app.http.post('/api/audio-file').send({ s3_key: 'a' }),
      201,
    ],
    ['list', ['Query'], () => app.http.get('/api/user/audio-files'), 200],
    ['get', ['GetItem'], () => app.http.get(file), 404],
  ])('asks again and serves %s', async (_name, operations, send, status) => {
    stub.behave(({ attempt }) => (attempt === 1 ? dynamoDbError(500, 'InternalServerError') : 'forward'));
    await send().set(authorization).expect(status);
    expect(stub.calls).toEqual(operations.flatMap((operation) => [operation, operation]));
  });

  it.each([
    ['/api/login', 'GetItem'],
    ['/api/register', 'TransactWriteItems'],
  ])('answers 503 to %s where a later call fails for good', async (path, failing) => {
    stub.behave(({ operation }) => (operation === failing ? 'cut' : 'forward'));
    const answer = await app.http.post(path).send(credentials()).expect(503);
    expect(answer.body).toEqual(problemBody(503, 'The service is temporarily unavailable', path));
    expect(stub.calls).toEqual(['Query', failing, failing]);
  });
});

describe('readiness in front of a database', () => {
  let stub: DatabaseStub;
  let app: TestApp;

  beforeEach(async () => {
    stub = await startDatabaseStub();
    // With more time for requests than readiness has.
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, DATABASE_BUDGET_MS: '10000' });
  });

  afterEach(async () => {
    await app.close();
    await stub.close();
  });

  const deployments = DEPLOYMENTS.map(([name, behaviour]): [string, Behaviour] => [name, behaviour]);

  it.each([...PASSING, ...DEFECTS, ...deployments])(
    'that %s is unhealthy within two seconds',
    async (_name, behaviour) => {
      stub.behave(() => behaviour);
      const answer = await Promise.race([
        app.http.get('/api/health'),
        sleep(2000, undefined, { ref: false }),
      ]);
      expect(answer?.status).toBe(503);
      expect(answer?.body).toEqual({
        status: 'unhealthy',
        service: 'decision-data-backend',
        database: 'dynamodb',
      });
    },
  );
});
