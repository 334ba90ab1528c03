import { randomUUID } from 'node:crypto';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { problemBody } from '../support/problem-body.js';
import { storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const conflict = dynamoDbError(400, 'TransactionCanceledException', {
  CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict', Message: 'Transaction is ongoing' }],
});

describe('an application whose writes', () => {
  let stub: DatabaseStub;
  let app: TestApp;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(() => stub.behave(() => 'forward'));

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const credentials = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });
  const register = (body: object) => app.http.post('/api/register').send(body);

  /** Ids of the accounts that have this email, whether an index knows them or not. */
  async function accountsOf(email: string): Promise<string[]> {
    const { Items = [] } = await app.rows.send(
      new ScanCommand({ TableName: app.config.tables.users, ConsistentRead: true }),
    );
    return Items.filter((row) => row['email'] === email).map((row) => row['user_id'] as string);
  }

  /** An account whose session the application has just asked about. */
  async function knownAccount(): Promise<Account> {
    const account = await registerAccount(app);
    await app.http.get('/api/user/audio-files').set(account.authorization).expect(200);
    return account;
  }

  describe('are applied while the answer is lost', () => {
    beforeEach(() =>
      stub.behave(({ operation, attempt }) => {
        const isWrite = ['PutItem', 'DeleteItem', 'TransactWriteItems'].includes(operation);
        return isWrite && attempt === 1 ? 'forward-then-cut' : 'forward';
      }),
    );

    it('registers one account, answers 201, and lets it sign in', async () => {
      const body = credentials();
      const { body: answer } = await register(body).expect(201);
      expect(await accountsOf(body.email)).toEqual([answer.user_id]);
      expect(stub.calls).toEqual([
        ...['Query', 'TransactWriteItems', 'TransactWriteItems', 'PutItem', 'PutItem'],
      ]);
      const signedIn = await app.http.post('/api/login').send(body).expect(200);
      expect(signedIn.body.user_id).toBe(answer.user_id);
      expect(signedIn.body.key_salt).toBe(answer.key_salt);
    });

    it('creates one record and answers 201', async () => {
      const account = await knownAccount();
      stub.behave(({ attempt }) => (attempt === 1 ? 'forward-then-cut' : 'forward'));
      const created = await createAudioFile(app, account);
      expect(stub.calls).toEqual(['BatchGetItem', 'BatchGetItem', 'PutItem', 'PutItem']);
      const { body } = await app.http.get('/api/user/audio-files').set(account.authorization).expect(200);
      expect(body).toEqual([created]);
    });

    it('deletes the record and answers 200', async () => {
      const account = await registerAccount(app);
      const { file_id: fileId } = await createAudioFile(app, account);
      stub.behave(({ operation, attempt }) =>
        operation === 'DeleteItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
      );
      const { body } = await app.http
        .delete(`/api/audio-file/${fileId}`)
        .set(account.authorization)
        .expect(200);
      expect(body).toEqual({ message: 'Audio file deleted successfully' });
      expect(stub.calls).toEqual(['BatchGetItem', 'GetItem', 'DeleteItem', 'DeleteItem']);
      expect(await storedAudioFile(app, fileId)).toBeUndefined();
    });
  });

  describe('meet other transactions', () => {
    it('registers an account after three conflicts', async () => {
      stub.behave(({ operation, attempt }) =>
        operation === 'TransactWriteItems' && attempt <= 3 ? conflict : 'forward',
      );
      const body = credentials();
      const { body: answer } = await register(body).expect(201);
      expect(await accountsOf(body.email)).toEqual([answer.user_id]);
      expect(stub.calls).toEqual(['Query', ...Array<string>(4).fill('TransactWriteItems'), 'PutItem']);
    });

    it('answers 409 where the other one got the email', async () => {
      const body = credentials();
      const winner = randomUUID();
      const claim = { user_id: `email#${body.email}`, owner_id: winner };
      stub.behave(async ({ operation, attempt }) => {
        if (operation !== 'TransactWriteItems' || attempt > 1) return 'forward';
        await app.rows.send(new PutCommand({ TableName: app.config.tables.users, Item: claim }));
        return conflict;
      });
      const answer = await register(body).expect(409);
      expect(answer.body).toEqual(problemBody(409, 'User already exists', '/api/register'));
      expect(await accountsOf(body.email)).toEqual([]);
    });

    it('answers 503, and not 409, where the conflicts do not end', async () => {
      stub.behave(({ operation }) => (operation === 'TransactWriteItems' ? conflict : 'forward'));
      const body = credentials();
      const answer = await register(body).expect(503);
      expect(answer.body).toEqual(
        problemBody(503, 'The service is temporarily unavailable', '/api/register'),
      );
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(stub.calls.length).toBeLessThan(20);
      expect(await accountsOf(body.email)).toEqual([]);
    });
  });
});
