import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type CapacityMeter, meterCapacity } from '../support/capacity-meter.js';
import { engine } from '../support/engine.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { putAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const counts = engine().kind === 'embedded';
if (!counts) {
  process.stderr.write(
    'Request units are not measured: DynamoDB Local counts transactions and indexes otherwise\n',
  );
}

/** What a request costs at DynamoDB; whoever raises a number here raises the bill. */
(counts ? describe : describe.skip)('request units', () => {
  let app: TestApp;
  let meter: CapacityMeter;

  beforeAll(async () => {
    app = await startTestApp();
    meter = meterCapacity(app);
  });

  afterAll(() => app.close());

  const credentials = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });

  const list = (of: TestApp, { authorization }: Account) =>
    of.http.get('/api/user/audio-files').set(authorization).expect(200);

  /** An account whose session the application has just asked about. */
  async function knownAccount(): Promise<Account> {
    const account = await registerAccount(app);
    await list(app, account);
    return account;
  }

  it('of a registration are 0.5 to read and 7 to write', async () => {
    const units = await meter.during(() => app.http.post('/api/register').send(credentials()).expect(201));
    expect(units).toEqual({ read: 0.5, write: 7 });
  });

  it('of a registration with an idempotency key are no more, and of a repeated one 1.5 to read and 2 to write', async () => {
    const body = credentials();
    const register = () =>
      app.http.post('/api/register').set('Idempotency-Key', 'a-key-of-register').send(body);
    expect(await meter.during(() => register().expect(201))).toEqual({ read: 0.5, write: 7 });
    expect(await meter.during(() => register().expect(200))).toEqual({ read: 1.5, write: 2 });
  });

  it('of a login are 1.5 to read and 2 to write', async () => {
    const { email, password } = await registerAccount(app);
    const units = await meter.during(() => app.http.post('/api/login').send({ email, password }).expect(200));
    expect(units).toEqual({ read: 1.5, write: 2 });
  });

  it('of a new record are 2 to read, whether the sign-in has ended, and 2 to write', async () => {
    const account = await knownAccount();
    expect(await meter.during(() => createAudioFile(app, account))).toEqual({ read: 2, write: 2 });
  });

  it('of a page of 50 records of 400 bytes are 2.5 to read', async () => {
    const account = await knownAccount();
    for (let i = 0; i < 60; i++) {
      await putAudioFile(app, {
        file_id: randomUUID(),
        user_id: account.userId,
        // Brings the row to some 400 bytes, names and numbers included.
        s3_key: `audio_upload/${account.userId}/`.padEnd(185, 'x'),
        file_size: 482_133,
        uploaded_at: 1_758_762_381 + i,
        uploaded_at_iso: '2025-09-25T01:06:21Z',
        recorded_at: 1_758_738_600,
        recorded_at_iso: '2025-09-24T18:30:00Z',
      });
    }
    const units = await meter.during(() =>
      app.http.get('/api/user/audio-files').set(account.authorization).expect(200),
    );
    expect(units).toEqual({ read: 2.5, write: 0 });
  });

  it('of a record are 1 to read', async () => {
    const account = await registerAccount(app);
    const { file_id: fileId } = await createAudioFile(app, account);
    const units = await meter.during(() =>
      app.http.get(`/api/audio-file/${fileId}`).set(account.authorization).expect(200),
    );
    expect(units).toEqual({ read: 1, write: 0 });
  });

  it('of a deletion are 3 to read and 2 to write', async () => {
    const account = await knownAccount();
    const { file_id: fileId } = await createAudioFile(app, account);
    const units = await meter.during(() =>
      app.http.delete(`/api/audio-file/${fileId}`).set(account.authorization).expect(200),
    );
    expect(units).toEqual({ read: 3, write: 2 });
  });

  it('of the check of a session are 1 to read, once in the lifetime of what is known of it', async () => {
    const account = await registerAccount(app);
    const emptyList = 0.5;
    expect(await meter.during(() => list(app, account))).toEqual({ read: emptyList + 1, write: 0 });
    for (let i = 0; i < 3; i++) {
      expect(await meter.during(() => list(app, account))).toEqual({ read: emptyList, write: 0 });
    }
  });

  it('of the checks of twenty simultaneous requests of one session are 1 to read', async () => {
    const account = await registerAccount(app);
    const units = await meter.during(() =>
      Promise.all(Array.from({ length: 20 }, async () => list(app, account))),
    );
    expect(units).toEqual({ read: 20 * 0.5 + 1, write: 0 });
  });

  it('of the check of a second session of one user are 0.5 to read', async () => {
    const { email, password } = await knownAccount();
    const { body } = await app.http.post('/api/login').send({ email, password }).expect(200);
    const authorization = { Authorization: `Bearer ${(body as { token: string }).token}` };
    const units = await meter.during(() =>
      app.http.get('/api/user/audio-files').set(authorization).expect(200),
    );
    expect(units).toEqual({ read: 0.5 + 0.5, write: 0 });
  });

  it('of the check of a session are 1 to read again when its lifetime is over', async () => {
    const short = await startTestApp({ SESSION_CACHE_SECONDS: '1' });
    try {
      const shortMeter = meterCapacity(short);
      const account = await registerAccount(short);
      await list(short, account);
      await sleep(1100);
      expect(await shortMeter.during(() => list(short, account))).toEqual({ read: 0.5 + 1, write: 0 });
    } finally {
      await short.close();
    }
  });

  it('of ending all other sessions are 1 to read and 2 to write, however many there are', async () => {
    const account = await knownAccount();
    const { email, password } = account;
    for (let i = 0; i < 3; i++) await app.http.post('/api/login').send({ email, password }).expect(200);
    const units = await meter.during(() =>
      app.http.delete('/api/user/sessions').set(account.authorization).expect(200),
    );
    expect(units).toEqual({ read: 1, write: 2 });
  });

  it('of a renewal are 1 to read and 1 to write, and of a logout 2 and 2', async () => {
    const account = await knownAccount();
    const post = (path: string) => app.http.post(path).set(account.authorization).expect(200);
    expect(await meter.during(() => post('/api/token/renew'))).toEqual({ read: 1, write: 1 });
    expect(await meter.during(() => post('/api/logout'))).toEqual({ read: 2, write: 2 });
  });

  it('of a new record are 1 to read by a token of the older backend', async () => {
    const { user_id: userId } = await putOlderUser(app);
    const account = { authorization: olderToken(app, userId) } as Account;
    await list(app, account);
    expect(await meter.during(() => createAudioFile(app, account))).toEqual({ read: 1, write: 2 });
  });
});
