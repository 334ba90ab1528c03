import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type CapacityMeter, meterCapacity, type RequestUnits } from '../support/capacity-meter.js';
import { engine } from '../support/engine.js';
import { aroundCalls } from '../support/database-calls.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const counts = engine().kind === 'embedded';
if (!counts) {
  process.stderr.write(
    'Request units are not measured: DynamoDB Local counts transactions and indexes otherwise\n',
  );
}

/** DynamoDB bills a write whose condition fails by the row that is there, and tells it nowhere. */
const FAILED_CONDITION = 1;

const MONDAY = { s3_key: 'recordings/monday.m4a' };
const UPLOAD = { s3_key: undefined, content_type: 'audio/wav', file_size: 5 };

/** What a request about the library costs at DynamoDB; whoever raises a number here raises the bill. */
(counts ? describe : describe.skip)('request units', () => {
  let app: TestApp;
  let ada: Account;
  let meter: CapacityMeter;
  let failedConditions = 0;

  beforeAll(async () => {
    app = await startTestApp();
    meter = meterCapacity(app);
    aroundCalls(app, async ({ input }, send) => {
      try {
        return await send(input);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) failedConditions += 1;
        throw error;
      }
    });
    ada = await registerAccount(app);
    // So that the application knows the session.
    await app.http.get('/api/user/audio-files').set(ada.authorization).expect(200);
  });

  afterAll(() => app.close());

  async function unitsOf(work: () => PromiseLike<unknown>): Promise<RequestUnits> {
    failedConditions = 0;
    const { read, write } = await meter.during(work);
    return { read, write: write + failedConditions * FAILED_CONDITION };
  }
  const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) =>
    app.http[method](path).set(ada.authorization).send(body);
  const batch = async (name: string, body: object) =>
    (await send('post', `/api/user/audio-files/${name}`, body).expect(200)).body as {
      results: { status: number; audio_file: { file_id: string } }[];
    };
  const items = (prefix?: string) =>
    Array.from({ length: 10 }, (_, n) => ({ ...MONDAY, ...(prefix && { client_id: `${prefix} ${n}` }) }));

  async function uploaded(): Promise<string> {
    const { file_id, upload } = await createAudioFile(app, ada, UPLOAD);
    const { url, headers } = upload as { url: string; headers: Record<string, string> };
    await fetch(url, { method: 'PUT', headers, body: 'audio' });
    return `/api/audio-file/${file_id}`;
  }
  async function tenIds(): Promise<{ file_ids: string[] }> {
    const { results } = await batch('batch-create', { items: items() });
    return { file_ids: results.map(({ audio_file }) => audio_file.file_id) };
  }

  it('of an upload begun are 2 to read and 2 to write', async () => {
    expect(await unitsOf(() => createAudioFile(app, ada, UPLOAD))).toEqual({ read: 2, write: 2 });
  });

  it('of an upload completed are 3 to read and 2 to write, and of one that was, 3 to read', async () => {
    const complete = `${await uploaded()}/complete`;
    expect(await unitsOf(() => send('post', complete).expect(200))).toEqual({ read: 3, write: 2 });
    expect(await unitsOf(() => send('post', complete).expect(200))).toEqual({ read: 3, write: 0 });
  });

  it('of a change are 3 to read and 2 to write, and of one that changes nothing 3 to read', async () => {
    const path = `/api/audio-file/${(await createAudioFile(app, ada)).file_id}`;
    const change = () => send('patch', path, { title: 'Monday', tags: ['draft'] }).expect(200);
    expect(await unitsOf(change)).toEqual({ read: 3, write: 2 });
    expect(await unitsOf(change)).toEqual({ read: 3, write: 0 });
  });

  it('of an address to download from are 1 to read, and of one to upload to 2', async () => {
    const path = await uploaded();
    await send('post', `${path}/complete`).expect(200);
    const key = `audio_upload/${ada.userId}/monday.m4a`;
    expect(await unitsOf(() => send('get', `${path}/download-url`).expect(200))).toEqual({
      read: 1,
      write: 0,
    });
    expect(await unitsOf(() => send('get', `/api/presigned-url?key=${key}`).expect(200))).toEqual({
      read: 2,
      write: 0,
    });
  });

  it('of a batch of 10 new records are 2 to read and 20 to write', async () => {
    const units = await unitsOf(() => batch('batch-create', { items: items() }));
    expect(units).toEqual({ read: 2, write: 20 });
  });

  it('of a batch of 10 new records with client_ids are 2 to read and 20 to write, and repeated 2 and 10', async () => {
    const body = { items: items(randomUUID()) };
    expect(await unitsOf(() => batch('batch-create', body))).toEqual({ read: 2, write: 20 });
    expect(await unitsOf(() => batch('batch-create', body))).toEqual({ read: 2, write: 10 });
  });

  it('of a batch of 10 records are 10 to read', async () => {
    const ids = await tenIds();
    expect(await unitsOf(() => batch('batch-get', ids))).toEqual({ read: 10, write: 0 });
  });

  it('of the deletion of 10 records are 12 to read and 20 to write', async () => {
    const ids = await tenIds();
    expect(await unitsOf(() => batch('batch-delete', ids))).toEqual({ read: 12, write: 20 });
  });

  it('of a new record with an idempotency key are 2 to read and 2 to write, and repeated 2 and 1', async () => {
    const key = randomUUID();
    const create = () => send('post', '/api/audio-file', MONDAY).set('Idempotency-Key', key);
    expect(await unitsOf(() => create().expect(201))).toEqual({ read: 2, write: 2 });
    expect(await unitsOf(() => create().expect(200))).toEqual({ read: 2, write: 1 });
  });

  it('of the deletion of a record and its audio are 3 to read and 2 to write', async () => {
    const path = await uploaded();
    await send('post', `${path}/complete`).expect(200);
    expect(await unitsOf(() => send('delete', path).expect(200))).toEqual({ read: 3, write: 2 });
  });
});
