import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import {
  type Behaviour,
  type DatabaseStub,
  dynamoDbError,
  startDatabaseStub,
} from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { olderToken } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';
const UNAVAILABLE = 'The service is temporarily unavailable';

const OUTAGES: [name: string, behaviour: Behaviour][] = [
  ['is throttled', dynamoDbError(400, 'ProvisionedThroughputExceededException')],
  ['fails', dynamoDbError(500, 'InternalServerError')],
  ['cuts the connection', 'cut'],
  ['never answers', 'silence'],
  ['answers 200 with nothing', { status: 200, body: '' }],
  ['answers half of its JSON', { status: 200, body: '{"Item":{"session_id"' }],
];

describe.each(OUTAGES)('sessions whose table %s', (_name, outage) => {
  let stub: DatabaseStub;
  let tables: TestApp;
  let app: TestApp;
  let account: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    tables = await startTestApp();
    account = await registerAccount(tables);
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    await app?.close();
    // With nothing cached, and nothing that the SDK remembers of failures before.
    const environment = {
      DYNAMODB_ENDPOINT: stub.endpoint,
      DATABASE_BUDGET_MS: '1000',
      SESSION_CACHE_SECONDS: '1',
    };
    app = await startTestApp(environment, tables);
  });

  afterAll(async () => {
    await app.close();
    await tables.close();
    await stub.close();
  });

  /** What the guard asks are the only gets of a list. */
  const failAsking = () => stub.behave(({ operation }) => (operation === 'GetItem' ? outage : 'forward'));
  const list = ({ authorization }: Pick<Account, 'authorization'>) => app.http.get(LIST).set(authorization);

  async function expectUnavailable(caller: Pick<Account, 'authorization'>): Promise<void> {
    const answer = await list(caller);
    expectProblem(answer, { status: 503, detail: UNAVAILABLE, instance: LIST });
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  }

  it('let nobody in where nothing is cached', async () => {
    failAsking();
    await expectUnavailable(account);
    expect(stub.calls).not.toContain('Query');
  });

  it('let no token of the older backend in either', async () => {
    failAsking();
    await expectUnavailable({ authorization: olderToken(tables, account.userId) });
    expect(stub.calls).not.toContain('Query');
  });

  it('serve those who are cached, for as long as they are, and nobody afterwards', async () => {
    await list(account).expect(200);
    failAsking();
    const { body } = await list(account).expect(200);
    expect(body).toEqual([]);
    expect(stub.calls).toEqual(['Query']);
    await sleep(1050);
    await expectUnavailable(account);
  });

  it('let everybody in again as soon as it serves: no failure is remembered', async () => {
    failAsking();
    await expectUnavailable(account);
    stub.behave(() => 'forward');
    await list(account).expect(200);
  });

  it('cannot be ended, renewed or changed meanwhile, and say so', async () => {
    await list(account).expect(200);
    stub.behave(({ operation }) => (operation === 'Query' ? 'forward' : outage));
    const requests = [
      ['/api/logout', app.http.post('/api/logout')],
      ['/api/token/renew', app.http.post('/api/token/renew')],
    ] as const;
    for (const [instance, request] of requests) {
      const answer = await request.set(account.authorization);
      expectProblem(answer, { status: 503, detail: UNAVAILABLE, instance });
    }
    stub.behave(() => 'forward');
    await list(account).expect(200);
  });
});

describe('sessions whose table cannot be written', () => {
  it('make a login and a registration a 503, and no token is given out', async () => {
    const stub = await startDatabaseStub();
    const app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
    try {
      const { email, password } = await registerAccount(app);
      stub.behave(({ operation }) => (operation === 'PutItem' ? 'cut' : 'forward'));
      for (const [instance, body] of [
        ['/api/login', { email, password }],
        ['/api/register', { email: 'grace@example.com', password }],
      ] as const) {
        const answer = await app.http.post(instance).send(body);
        expectProblem(answer, { status: 503, detail: UNAVAILABLE, instance });
        expect(answer.text).not.toContain('token');
      }
      stub.behave(() => 'forward');
      // The account was made before; it is there to sign in to.
      await app.http.post('/api/login').send({ email: 'grace@example.com', password }).expect(200);
    } finally {
      await app.close();
      await stub.close();
    }
  });
});
