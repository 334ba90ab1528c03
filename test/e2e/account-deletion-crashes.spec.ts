import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { receiptOf } from '../support/receipts.js';
import { NO_ROWS, putAudioFile, rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];

/** Of an account with three records, which is signed in three times: the lock, 3 + 2, the account, the last session. */
const STEPS = 8;

describe('DELETE /api/user of a process that dies', () => {
  let stub: DatabaseStub;
  /** The one that dies: it talks to the database through the stub. */
  let dying: TestApp;
  /** The one that is there afterwards, with nothing in its memory. */
  let next: TestApp;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    dying = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    next = await startTestApp({}, dying);
  });

  afterEach(() => next.close());

  afterAll(async () => {
    await dying.close();
    await stub.close();
  });

  /** Lets so many writes happen and nothing afterwards; of the last of them the answer may be lost. */
  function dieAfter(writes: number, lastAnswer: 'arrives' | 'is lost'): void {
    let seen = 0;
    stub.behave(({ operation }) => {
      if (seen >= writes) return 'cut';
      if (!WRITES.includes(operation)) return 'forward';
      seen++;
      return seen === writes && lastAnswer === 'is lost' ? 'forward-then-cut' : 'forward';
    });
  }

  async function accountWithThings(): Promise<Account> {
    const account = await registerAccount(dying);
    for (let i = 0; i < 2; i++) await signIn(dying, account);
    for (let i = 0; i < 3; i++) await createAudioFile(dying, account);
    return account;
  }

  const remove = (app: TestApp, { authorization, password }: Pick<Account, 'authorization' | 'password'>) =>
    app.http.delete('/api/user').set(authorization).send({ password });

  const login = (app: TestApp, { email, password }: Account) =>
    app.http.post('/api/login').send({ email, password });

  const steps = Array.from({ length: STEPS - 2 }, (_, n) => n);
  const crashes = steps.flatMap((n) => [
    [n, 'arrives'] as const,
    ...(n > 0 ? [[n, 'is lost'] as const] : []),
  ]);

  describe.each(crashes)('after %i writes, the answer of the last of which %s', (writes, lastAnswer) => {
    let account: Account;

    beforeEach(async () => {
      account = await accountWithThings();
      dieAfter(writes, lastAnswer);
      const answer = await remove(dying, account);
      const instance = '/api/user';
      expectProblem(answer, { status: 503, detail: 'The service is temporarily unavailable', instance });
      const { users, audioFiles, sessions } = await rowsOf(next, account.userId);
      expect(users).toHaveLength(2);
      expect(1 + 3 + 3 - audioFiles.length - sessions.length).toBe(Math.max(1, writes));
    });

    it('goes on with the same token', async () => {
      const { body } = await remove(next, account).expect(200);

      expect(body).toEqual(receiptOf(next, { objects: 0, ...receiptAfter(writes), users: 1 }));
      expect(await rowsOf(next, account.userId)).toEqual(NO_ROWS);
      await registerAccount(next, { email: account.email });
    });

    it('goes on with a new login', async () => {
      const again = await signIn(next, account);

      const { body } = await remove(next, again).expect(200);

      const { audio_files, sessions } = receiptAfter(writes);
      expect(body).toEqual(receiptOf(next, { objects: 0, audio_files, sessions: sessions + 1, users: 1 }));
      expect(await rowsOf(next, account.userId)).toEqual(NO_ROWS);
      await next.http.get('/api/user').set(account.authorization).expect(401);
      await next.http.get('/api/user').set(again.authorization).expect(401);
    });

    it('leaves an account whose email nobody else can take meanwhile', async () => {
      const { email, password } = account;
      const answer = await next.http.post('/api/register').send({ email, password });
      expectProblem(answer, { status: 409, detail: 'User already exists', instance: '/api/register' });
    });
  });

  it.each(['arrives', 'is lost'] as const)(
    'is done once the account is gone, where the answer of that write %s: the email is free, no token works',
    async (lastAnswer) => {
      const account = await accountWithThings();
      dieAfter(STEPS - 1, lastAnswer);

      const answer = await remove(dying, account);

      // The caller's own session is all that is left, and lets nobody in; its time to live removes it.
      expect(answer.status).toBe(lastAnswer === 'arrives' ? 200 : 503);
      const left = await rowsOf(next, account.userId);
      expect(left).toEqual({ ...NO_ROWS, sessions: [expect.objectContaining({ device: 'Unknown device' })] });
      expect(left.sessions[0]?.['expires_at']).toBeGreaterThan(Date.now() / 1000);
      await next.http.get('/api/user').set(account.authorization).expect(401);
      await login(next, account).expect(401);
      stub.behave(() => 'forward');
      await dying.http.get('/api/user').set(account.authorization).expect(401);
      await registerAccount(next, { email: account.email });
    },
  );

  it('has as many steps as are counted here', async () => {
    const account = await accountWithThings();
    stub.behave(() => 'forward');
    const { body } = await remove(dying, account).expect(200);
    expect(body).toEqual(receiptOf(dying, { objects: 0, audio_files: 3, sessions: 3, users: 1 }));
    expect(stub.calls.filter((operation) => WRITES.includes(operation))).toHaveLength(STEPS);
    expect(stub.calls.filter((operation) => operation === 'TransactWriteItems')).toHaveLength(1);
  });

  it.each([0, 1, 2, 3])('goes on with an account of the older backend, after %i writes', async (writes) => {
    const { user_id: userId, email } = await putOlderUser(dying);
    for (let i = 0; i < 3; i++) await putAudioFile(dying, olderRecord(userId, i));
    const account = { authorization: olderToken(dying, userId), password: OLDER_PASSWORD };
    dieAfter(writes, 'arrives');
    await remove(dying, account).expect(503);

    const { body } = await remove(next, account).expect(200);

    const left = 3 - Math.max(0, writes - 1);
    expect(body).toEqual(receiptOf(next, { objects: 0, audio_files: left, sessions: 0, users: 1 }));
    expect(await rowsOf(next, userId)).toEqual(NO_ROWS);
    await registerAccount(next, { email });
  });
});

/** What is left to remove, the caller's session included. */
function receiptAfter(writes: number): { audio_files: number; sessions: number } {
  const removed = Math.max(0, writes - 1);
  const records = Math.min(3, removed);
  return { audio_files: 3 - records, sessions: 3 - (removed - records) };
}

function olderRecord(userId: string, i: number): Record<string, unknown> {
  return {
    ...{
      file_id: `00000000-0000-4000-8000-${userId.slice(24, 35)}${i}`,
      user_id: userId,
      s3_key: `${i}.m4a`,
    },
    ...{ uploaded_at: 1_758_762_381 + i, uploaded_at_iso: '2025-09-25T01:06:21.123456' },
  };
}
