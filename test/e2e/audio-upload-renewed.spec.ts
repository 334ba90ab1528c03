import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nowSeconds } from '../../src/common/time.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { putAudioFile, storedAudioFile } from '../support/stored-rows.js';
import { AUDIO, type PendingRecord, send } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const DAY = 86_400;

describe('an upload URL for a record that has been pending for days', () => {
  let app: TestApp;
  let ada: Account;
  let record: PendingRecord;
  let key: string;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const create = () =>
    app.http
      .post('/api/audio-file')
      .set({ ...ada.authorization, 'Idempotency-Key': key })
      .send({ content_type: 'audio/wav', file_size: AUDIO.length });
  const stored = async () => (await storedAudioFile(app, record.file_id)) ?? {};

  beforeEach(async () => {
    key = randomUUID();
    record = (await create().expect(201)).body as PendingRecord;
    await putAudioFile(app, { ...(await stored()), uploaded_at: nowSeconds() - 3 * DAY });
  });

  const ways: [string, () => Promise<unknown>][] = [
    ['a repeated create', async () => create().expect(200)],
    [
      'presigned-url',
      async () =>
        app.http.get('/api/presigned-url').query({ key: record.s3_key }).set(ada.authorization).expect(200),
    ],
  ];

  it.each(ways)('makes it new for the reconciliation: %s', async (_way, ask) => {
    const before = await stored();
    await ask();
    const after = await stored();
    expect(after['ticket_at']).toBeGreaterThanOrEqual(nowSeconds() - 60);
    expect({ ...after, ticket_at: undefined }).toEqual({ ...before, ticket_at: undefined });
    // Once for half an hour: asking again writes nothing.
    await ask();
    expect(await stored()).toEqual(after);
  });

  it('leaves nothing of that in the completed record, nor in an answer', async () => {
    const { body } = await create().expect(200);
    expect(body).not.toHaveProperty('ticket_at');
    await send((body as PendingRecord).upload);
    await app.http.post(`/api/audio-file/${record.file_id}/complete`).set(ada.authorization).expect(200);
    expect(await stored()).not.toHaveProperty('ticket_at');
  });
});
