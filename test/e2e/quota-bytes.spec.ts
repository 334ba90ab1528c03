import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf, storedAudioFile } from '../support/stored-rows.js';
import { startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { openTestBucket, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';
const BATCH = '/api/user/audio-files/batch-create';
const FULL = 'You can keep at most 100 bytes of audio';
const MISSING = 'The audio has not been uploaded yet';
const AWAY = 'The service is temporarily unavailable';

interface Outcome {
  status: number;
  audio_file?: { file_id: string; file_size: number | null };
  problem?: { detail: string };
}

describe('a byte quota, of objects in the own folder', () => {
  let stub: StorageStub;
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    stub = await startStorageStub();
    app = await startTestApp({ MAX_BYTES_PER_USER: '100', S3_ENDPOINT: stub.endpoint });
    bucket = openTestBucket();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
    await stub.close();
  });

  const own = (name: string) => `audio_upload/${ada.userId}/${name}`;
  const create = (body: object, key?: string) => {
    const request = app.http.post(PATH).set(ada.authorization);
    if (key !== undefined) void request.set('Idempotency-Key', key);
    return request.send(body);
  };
  async function batch(items: object[]): Promise<Outcome[]> {
    const { body } = await app.http.post(BATCH).set(ada.authorization).send({ items }).expect(200);
    return (body as { results: Outcome[] }).results;
  }
  const used = async () =>
    (await app.http.get('/api/user/usage').set(ada.authorization).expect(200)).body as {
      bytes: { verified: number; claimed: number };
    };

  it.each([
    ['without a key', undefined],
    ['with one', 'k'],
  ])('counts and keeps what S3 tells, also where nothing is said: %s', async (_how, key) => {
    await bucket.put(own('a'), 'x'.repeat(60));
    await bucket.put(own('b'), 'x'.repeat(41));
    const { body, headers } = await create({ s3_key: own('a') }, key).expect(201);
    const md5 = createHash('md5').update('x'.repeat(60)).digest('hex');
    expect(body).toMatchObject({ file_size: 60, object_etag: `"${md5}"`, status: 'ready' });
    const at = `${PATH}/${body.file_id}`;
    const got = await app.http.get(at).set(ada.authorization).expect(200);
    expect([got.body, got.headers['etag']]).toEqual([body, headers['etag']]);
    expect(await storedAudioFile(app, body.file_id as string)).toMatchObject({ file_size: 60 });
    expect(await used()).toMatchObject({ bytes: { verified: 60, claimed: 0 } });
    const answer = await create({ s3_key: own('b') }, key && 'other');
    expectProblem(answer, { status: 403, detail: FULL, instance: PATH });
    // As much room again as it took.
    await app.http.delete(at).set(ada.authorization).expect(200);
    await create({ s3_key: own('b') }).expect(201);
  });

  it('is 409 where the object is missing, or has another size or checksum than is said', async () => {
    const conflict = (detail: string) => ({ status: 409, detail, instance: PATH });
    expectProblem(await create({ s3_key: own('a') }), conflict(MISSING));
    await bucket.put(own('a'), 'beep');
    const size = 'The uploaded audio has 4 bytes, and 5 were announced';
    expectProblem(await create({ s3_key: own('a'), file_size: 5 }), conflict(size));
    expectProblem(await create({ s3_key: own('a'), file_size: 5 }, 'k'), conflict(size));
    expect((await rowsOf(app, ada.userId)).audioFiles).toEqual([]);
    // S3 has no checksum of its own of it.
    const checksum_sha256 = createHash('sha256').update('boop').digest('hex');
    await create({ s3_key: own('a'), file_size: 4, checksum_sha256 }).expect(201);
    stub.behave(() => ({
      ...{ status: 200 },
      headers: {
        ...{ 'Content-Length': '4', ETag: '"x"' },
        'x-amz-checksum-sha256': createHash('sha256').update('beep').digest('base64'),
      },
    }));
    const sum = 'The uploaded audio has another SHA-256 checksum than announced';
    expectProblem(await create({ s3_key: own('a'), checksum_sha256 }), conflict(sum));
  });

  it('is 503 where S3 is away, and takes no place', async () => {
    await bucket.put(own('a'), 'x'.repeat(100));
    stub.behave(() => 'cut');
    expectProblem(await create({ s3_key: own('a') }), { status: 503, detail: AWAY, instance: PATH });
    expect(await batch([{ s3_key: own('a') }])).toMatchObject([{ status: 503 }]);
    stub.behave(() => 'forward');
    await create({ s3_key: own('a') }).expect(201);
  });

  it('counts other keys as they are claimed, without a question to S3', async () => {
    await createAudioFile(app, ada, { s3_key: 'recordings/a', file_size: 100 });
    expectProblem(await create({ s3_key: 'recordings/b', file_size: 1 }), {
      ...{ status: 403, detail: FULL, instance: PATH },
    });
    expect(stub.calls).toEqual([]);
    expect(await used()).toMatchObject({ bytes: { verified: 0, claimed: 100 } });
  });

  it('lets a repeated request have its record, whatever became of the object', async () => {
    await bucket.put(own('a'), 'beep');
    const { body } = await create({ s3_key: own('a') }, 'k').expect(201);
    await bucket.delete(own('a'));
    expect((await create({ s3_key: own('a') }, 'k').expect(200)).body).toEqual(body);
    await create({ s3_key: own('b') }, 'k').expect(422);
    stub.behave(() => 'cut');
    expect((await create({ s3_key: own('a') }, 'k').expect(200)).body).toEqual(body);
  });

  it('looks at the objects of a batch, few at a time, and takes places in order', async () => {
    const names = Array.from({ length: 98 }, (_, n) => String(n).padStart(2, '0'));
    for (const name of names) await bucket.put(own(name), 'xy');
    let [running, most] = [0, 0];
    stub.behave(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      running--;
      return 'forward' as const;
    });
    const items = names.map((name, n) => ({
      ...{ s3_key: own(name) },
      ...(n % 2 === 0 && n >= 50 && { client_id: randomUUID() }),
    }));
    const outcomes = await batch([...items, { s3_key: own('missing') }, { s3_key: own('00'), file_size: 1 }]);
    expect(most).toBeLessThanOrEqual(20);
    expect(most).toBeGreaterThan(1);
    // Those without a key come first, one after the other; what has a key comes in the order in which it is ready.
    const plain = outcomes.filter((_, n) => n < 50).map(({ status }) => status);
    expect(plain).toEqual(Array(50).fill(201));
    expect(outcomes.slice(50, 98).map(({ status }) => status)).toEqual(Array(48).fill(403));
    expect(outcomes.slice(98)).toMatchObject([
      { status: 409, problem: { detail: MISSING } },
      { status: 409, problem: { detail: 'The uploaded audio has 2 bytes, and 1 were announced' } },
    ]);
    expect(await used()).toMatchObject({ bytes: { verified: 100, claimed: 0 } });
  });

  it('asks S3 nothing where there is none', async () => {
    const free = await startTestApp({ MAX_FILES_PER_USER: '10', S3_ENDPOINT: stub.endpoint }, app);
    const record = await createAudioFile(free, ada, { s3_key: own('nowhere'), file_size: 7 });
    await free.close();
    expect(record).toMatchObject({ file_size: 7, object_etag: null });
    expect(stub.calls).toEqual([]);
  });
});
