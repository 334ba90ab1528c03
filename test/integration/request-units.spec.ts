import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAudioFile, registerAccount } from '../support/accounts.js';
import { type CapacityMeter, meterCapacity } from '../support/capacity-meter.js';
import { engine } from '../support/engine.js';
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
    meter = meterCapacity(app.app.get(DynamoDBClient, { strict: false }));
  });

  afterAll(() => app.close());

  const credentials = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });

  it('of a registration are 0.5 to read and 5 to write', async () => {
    const units = await meter.during(() => app.http.post('/api/register').send(credentials()).expect(201));
    expect(units).toEqual({ read: 0.5, write: 5 });
  });

  it('of a login are 1.5 to read', async () => {
    const { email, password } = await registerAccount(app);
    const units = await meter.during(() => app.http.post('/api/login').send({ email, password }).expect(200));
    expect(units).toEqual({ read: 1.5, write: 0 });
  });

  it('of a new record are 2 to write', async () => {
    const account = await registerAccount(app);
    expect(await meter.during(() => createAudioFile(app, account))).toEqual({ read: 0, write: 2 });
  });

  it('of a page of 50 records of 400 bytes are 2.5 to read', async () => {
    const account = await registerAccount(app);
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

  it('of a deletion are 1 to read and 2 to write', async () => {
    const account = await registerAccount(app);
    const { file_id: fileId } = await createAudioFile(app, account);
    const units = await meter.during(() =>
      app.http.delete(`/api/audio-file/${fileId}`).set(account.authorization).expect(200),
    );
    expect(units).toEqual({ read: 1, write: 2 });
  });
});
