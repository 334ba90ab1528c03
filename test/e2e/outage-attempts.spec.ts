import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chooseEngine } from '../../src/auth/passwords/argon2-engine.js';
import { createLogger } from '../../src/common/logging/logger.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';
/** More than every limit that a login is counted by. */
const TRIES = 11;

describe('an outage uses up no attempts', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let email: string;
  let address: string;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({
      RATE_LIMIT: 'on',
      TRUST_PROXY: '1',
      DYNAMODB_ENDPOINT: stub.endpoint,
      DATABASE_BUDGET_MS: '1000',
    });
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    email = `${randomUUID()}@example.com`;
    address = `10.0.0.${randomInt(1, 255)}`;
    await app.http
      .post('/api/register')
      .set('X-Forwarded-For', address)
      .send({ email, password: PASSWORD })
      .expect(201);
  });

  const login = () =>
    app.http.post('/api/login').set('X-Forwarded-For', address).send({ email, password: PASSWORD });
  const failFor = (failing: string) =>
    stub.behave(({ operation }) =>
      operation === failing ? dynamoDbError(400, 'ThrottlingException') : 'forward',
    );

  it.each([
    ['before the password is looked at', 'Query'],
    ['after it was right', 'PutItem'],
  ])('where the database does not serve %s', async (_, operation) => {
    failFor(operation);
    for (let i = 0; i < TRIES; i++) {
      const { status, headers } = await login();
      expect([status, headers['ratelimit-policy']]).toEqual([503, '"login";q=10;w=60']);
    }
    stub.behave(() => 'forward');

    for (let i = 0; i < 4; i++) await login().expect(200);
  });

  it('where hashing fails', async () => {
    const engine = await chooseEngine(createLogger('silent'));
    jest.spyOn(engine, 'verify').mockRejectedValue(new Error('Memory allocation error'));
    try {
      for (let i = 0; i < 6; i++) {
        const { status, headers } = await login();
        expect([i, status, headers['ratelimit-policy']]).toEqual([i, 500, '"login";q=10;w=60']);
      }
    } finally {
      jest.restoreAllMocks();
    }

    await login().expect(200);
  });
});
