import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile } from '../support/stored-rows.js';
import { createUpload, openTestBucket, send, type TestBucket, type Upload } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/presigned-url';
const NOT_PENDING = {
  status: 409,
  detail: 'No record of yours that awaits its audio has this key',
  instance: PATH,
};
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const TYPE =
  'must be an audio type such as audio/mp4, or video/mp4, video/3gpp, video/webm, application/ogg or application/octet-stream';

describe('GET /api/presigned-url of what is announced', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  /** The same, with a byte quota. */
  let limited: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, AWS_S3_AUDIO_FOLDER: 'uploads/audio' });
    limited = await startTestApp({ MAX_BYTES_PER_USER: '1000', AWS_S3_AUDIO_FOLDER: 'uploads/audio' }, app);
    bucket = openTestBucket();
  });

  beforeEach(async () => {
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    bucket.close();
    await limited.close();
    await app.close();
    await stub.close();
  });

  const own = (name: string, folder = 'audio_upload') => `${folder}/${ada.userId}/${name}`;
  const ask = (query: object, at = app) => at.http.get(PATH).query(query).set(ada.authorization);

  async function signed(query: object, at = app): Promise<Upload> {
    return (await ask(query, at).expect(200)).body as Upload;
  }

  it('takes exactly that, again and again, and says how', async () => {
    const key = own('monday.m4a');
    const upload = await signed({ key, file_size: 4, content_type: 'Audio/MP4; codecs=x' });
    expect(upload).toEqual({
      url: expect.stringMatching(/^http:/),
      expires_at: INSTANT,
      method: 'PUT',
      headers: { 'Content-Type': 'audio/mp4;codecs=x', 'Content-Length': '4' },
    });
    const type = { 'Content-Type': 'audio/mp4;codecs=x' };
    expect(await send(upload, 'beeep', { headers: type })).toBe(403);
    expect(await send(upload, 'beep', { headers: { 'Content-Type': 'text/html' } })).toBe(403);
    expect(await send(upload)).toBe(200);
    expect(await send(upload, 'boop')).toBe(200);
    expect(String(await bucket.get(key))).toBe('boop');
  });

  it.each<[string, object, [field: string, rule: string][]]>([
    ['a size alone', { file_size: 4 }, [['content_type', 'is required']]],
    ['a type alone', { content_type: 'audio/wav' }, [['file_size', 'is required']]],
    ['an empty size', { file_size: '', content_type: 'audio/wav' }, [['file_size', 'SIZE']]],
    ['no bytes', { file_size: 0, content_type: 'audio/wav' }, [['file_size', 'SIZE']]],
    ['too many', { file_size: 5 * 1024 ** 3 + 1, content_type: 'audio/wav' }, [['file_size', 'SIZE']]],
    ['half a byte', { file_size: '1.5', content_type: 'audio/wav' }, [['file_size', 'SIZE']]],
    ['two sizes', { file_size: [1, 2], content_type: 'audio/wav' }, [['file_size', 'SIZE']]],
    ['a page for a type', { file_size: 4, content_type: 'text/html' }, [['content_type', TYPE]]],
    ['a header more', { file_size: 4, content_type: 'audio/wav\r\nX: y' }, [['content_type', TYPE]]],
  ])('refuses %s', async (_what, query, wrong) => {
    const errors = wrong.map(([field, rule]) => {
      const size = 'must be a whole number from 1 to 5368709120';
      return { field, message: `${field} ${rule === 'SIZE' ? size : rule}` };
    });
    const answer = await ask({ key: own('a'), ...query });
    expectProblem(answer, { status: 400, detail: errors[0]?.message as string, instance: PATH, errors });
  });

  it('wants both where there is a byte quota, and replaces nothing there', async () => {
    const key = own('monday.m4a');
    const missing = ['file_size', 'content_type'].map((field) => ({
      field,
      message: `${field} is required`,
    }));
    const answer = await ask({ key }, limited);
    const detail = 'file_size is required';
    expectProblem(answer, { status: 400, detail, instance: PATH, errors: missing });
    await ask({ key, file_size: 4 }, limited).expect(400);
    const upload = await signed({ key, file_size: 4, content_type: 'audio/wav' }, limited);
    expect(upload.headers).toEqual({
      'Content-Type': 'audio/wav',
      'Content-Length': '4',
      'If-None-Match': '*',
    });
    expect(await send(upload)).toBe(200);
    // Recorded with four bytes, it cannot become more.
    await createAudioFile(limited, ada, { s3_key: key, file_size: 4 });
    const longer = await signed({ key, file_size: 5, content_type: 'audio/wav' }, limited);
    expect(await send(longer, 'beeep')).toBe(412);
    expect(String(await bucket.get(key))).toBe('beep');
  });

  it('is 403 where the record of it would find no room, and keeps no room itself', async () => {
    const said = { key: own('monday.m4a'), content_type: 'audio/wav' };
    const detail = 'You can keep at most 1000 bytes of audio';
    expectProblem(await ask({ ...said, file_size: 1001 }, limited), { status: 403, detail, instance: PATH });
    const { upload } = await createUpload(limited, ada, { file_size: 900 });
    expect(upload).toBeDefined();
    expectProblem(await ask({ ...said, file_size: 101 }, limited), { status: 403, detail, instance: PATH });
    for (let i = 0; i < 3; i++) await signed({ ...said, file_size: 100 }, limited);
    await ask({ ...said, file_size: 1001 }).expect(200);
  });

  describe('and a key that is of a record', () => {
    it.each(['app', 'limited'] as const)(
      'allows what its ticket allows, and nothing else: %s',
      async (name) => {
        const checksum = createHash('sha256').update('beep').digest('hex');
        const record = await createUpload(app, ada, { checksum_sha256: checksum });
        const said = { key: record.s3_key, file_size: 100, content_type: 'audio/mpeg' };
        const upload = await signed(name === 'app' ? { key: record.s3_key } : said, { app, limited }[name]);
        expect(upload).toEqual({
          ...{ url: expect.any(String), expires_at: INSTANT, method: 'PUT' },
          headers: record.upload.headers,
        });
        expect(await send(upload, 'x'.repeat(100), { headers: { 'Content-Type': 'text/html' } })).toBe(403);
        expect(await send(upload, 'boop')).toBe(400);
        expect(await send(upload)).toBe(200);
        expect(await send(upload)).toBe(412);
        const complete = `/api/audio-file/${record.file_id}/complete`;
        await app.http.post(complete).set(ada.authorization).expect(200);
        expectProblem(await ask(said, { app, limited }[name]), NOT_PENDING);
      },
    );

    it('costs one read, and any other key none', async () => {
      const record = await createUpload(app, ada);
      await ask({ key: record.s3_key }).expect(200);
      stub.behave(() => 'forward');
      await ask({ key: record.s3_key }).expect(200);
      const reads = stub.calls.filter((operation) => operation === 'GetItem');
      stub.behave(() => 'forward');
      await ask({ key: own('monday.m4a') }).expect(200);
      const without = stub.calls.filter((operation) => operation === 'GetItem');
      expect(reads.length - without.length).toBe(1);
    });

    it.each<[string, () => string | Promise<string>]>([
      ['that is not there', () => own(`${randomUUID()}.m4a`)],
      ['that is not there, in the other folder', () => own(`${randomUUID()}.m4a`, 'uploads/audio')],
      ['without an extension', () => own(randomUUID())],
      ['with two extensions', () => own(`${randomUUID()}.tar.gz`)],
      ['with an empty extension', () => own(`${randomUUID()}.`)],
      [
        'with another extension than it has',
        async () => (await createUpload(app, ada)).s3_key.replace('.wav', '.html'),
      ],
      [
        'in another folder than it is in',
        async () => (await createUpload(app, ada)).s3_key.replace('uploads/audio', 'audio_upload'),
      ],
      [
        'of somebody else, in the own folder',
        async () => own(`${(await createUpload(app, await registerAccount(app))).file_id}.wav`),
      ],
      [
        'that never was pending',
        async () => {
          const id = randomUUID();
          const key = own(`${id}.m4a`);
          const uploaded = { uploaded_at: 1_758_762_381, uploaded_at_iso: '2025-09-25T01:06:21' };
          await putAudioFile(app, { file_id: id, user_id: ada.userId, s3_key: key, ...uploaded });
          return key;
        },
      ],
    ])('is 409 for one %s', async (_which, keyOf) => {
      const key = await keyOf();
      expectProblem(await ask({ key }), NOT_PENDING);
      expectProblem(await ask({ key, file_size: 4, content_type: 'audio/wav' }), NOT_PENDING);
    });

    it('is no such key further down, in capitals, or with more in its name', async () => {
      const id = randomUUID();
      for (const name of [
        `sub/${id}.m4a`,
        `${id}/a.m4a`,
        `${id.toUpperCase()}.m4a`,
        `${id}-2.m4a`,
        `a${id}`,
      ]) {
        expect(Object.keys((await ask({ key: own(name) }).expect(200)).body as object).sort()).toEqual([
          'expires_at',
          'url',
        ]);
      }
    });

    it('is 403 in the folder of somebody else, pending or not', async () => {
      const record = await createUpload(app, await registerAccount(app));
      const answer = await ask({ key: record.s3_key });
      expectProblem(answer, { status: 403, detail: 'Access denied', instance: PATH });
    });
  });
});
