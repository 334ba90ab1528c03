import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { engine } from '../support/engine.js';
import { added, settled, sum } from '../support/metric-samples.js';
import { createUpload, send } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const countsUnits = engine().kind === 'embedded';
const CALLS = 'dynamodb_call_duration_seconds_count';
const UNITS = 'dynamodb_consumed_units_total';

/** Of what a request waits for. */
describe('metrics of dependencies', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ METRICS_PORT: '0', RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1000' });
    ada = await registerAccount(app);
    await app.http.get('/api/user/audio-files').set(ada.authorization).expect(200);
  });

  afterAll(() => app.close());

  (countsUnits ? it : it.skip)('count the calls to DynamoDB and what they consumed', async () => {
    const { users, audioFiles, sessions } = app.config.tables;
    const work = {
      register: await added(app, () => registerAccount(app)),
      login: await added(app, () => signIn(app, ada)),
      create: await added(app, () => createAudioFile(app, ada)),
    };
    const units = (of: keyof typeof work) =>
      ['read', 'write'].map((kind) => work[of](UNITS, { kind })).map((value) => Math.round(value * 10) / 10);
    expect(units('register')).toEqual([0.5, 7]);
    expect(units('login')).toEqual([1.5, 2]);
    expect(units('create')).toEqual([2, 2]);
    // One call reads account and session.
    for (const table of [users, sessions]) {
      expect(work.create(UNITS, { table, operation: 'BatchGetItem', kind: 'read' })).toBe(1);
    }
    const { file_id: fileId } = await createAudioFile(app, ada);
    const got = await added(app, () =>
      app.http.get(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200),
    );
    expect(got(UNITS, { table: audioFiles, operation: 'GetItem', kind: 'read' })).toBe(1);
    expect(got(UNITS)).toBe(1);
    const gone = await added(app, () =>
      app.http.delete(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200),
    );
    expect(gone(UNITS, { table: audioFiles, operation: 'GetItem', kind: 'read' })).toBe(1);
    expect(gone(UNITS, { table: audioFiles, operation: 'DeleteItem', kind: 'write' })).toBe(2);
    expect(gone(UNITS)).toBe(5);
    expect(gone('dynamodb_attempts_total')).toBe(3);
    expect(work.register(CALLS, { table: users, operation: 'TransactWriteItems', outcome: 'ok' })).toBe(1);
    expect(work.register(CALLS, { table: sessions, outcome: 'ok' })).toBeGreaterThan(0);
    expect(work.create(CALLS, { table: audioFiles, operation: 'PutItem', outcome: 'ok' })).toBe(1);
    expect(work.create(CALLS)).toBe(2);
  });

  it('tell calls that were refused from those that failed', async () => {
    const fields = { s3_key: 'recordings/a.m4a' };
    const create = () =>
      app.http.post('/api/audio-file').set(ada.authorization).set('Idempotency-Key', 'the same').send(fields);
    await create().expect(201);
    const counted = await added(app, () => create());
    expect(counted(CALLS, { operation: 'PutItem', outcome: 'refused' })).toBe(1);
    expect(counted(CALLS, { outcome: 'failed' })).toBe(0);
  });

  it('count calls to S3 by operation, how they ended and how long they took', async () => {
    const { file_id: fileId, upload } = await createUpload(app, ada);
    const calls = 's3_call_duration_seconds_count';
    const complete = () =>
      app.http
        .post(`/api/audio-file/${fileId}/complete`)
        .set(ada.authorization)
        .then(() => undefined);
    await send(upload);
    const ok = await added(app, complete);
    expect([ok(calls), ok(calls, { operation: 'HeadObject', outcome: 'ok' })]).toEqual([1, 1]);
    expect(ok('s3_call_duration_seconds_sum', { operation: 'HeadObject' })).toBeGreaterThan(0);
    const unbucketed = await startTestApp({ METRICS_PORT: '0', AWS_S3_BUCKET_NAME: 'no-such-bucket' }, app);
    const other = await createUpload(app, ada);
    const failed = await added(unbucketed, () =>
      unbucketed.http.post(`/api/audio-file/${other.file_id}/complete`).set(ada.authorization).expect(503),
    );
    expect(failed(calls, { operation: 'HeadObject', outcome: 'failed' })).toBe(1);
    await unbucketed.close();
  });

  it('count waits for a turn to hash', async () => {
    const counted = await added(app, async () => {
      await registerAccount(app);
      await signIn(app, ada);
    });
    expect(counted('password_hash_wait_seconds_count')).toBe(2);
    expect(sum(await settled(app), 'password_hash_queue_depth')).toBe(0);
  });
});
