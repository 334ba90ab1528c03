import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const TYPE =
  'must be an audio type such as audio/mp4, or video/mp4, video/3gpp, video/webm, application/ogg or application/octet-stream';
const UPLOAD_SIZE = 'must be a whole number from 1 to 5368709120 for an upload';
const SIZE = 'must be a whole number from 0 to 5497558138880';
const DURATION = 'must be a number from 0 to 31622400';
const DIGITS = 'must be 64 hexadecimal digits';

describe('POST /api/audio-file to begin an upload', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const post = (body: object) => app.http.post(PATH).set(ada.authorization).send(body);
  const upload = (fields: object) => post({ content_type: 'audio/wav', file_size: 4, ...fields });

  it.each<[string, object, string, string]>([
    ['a text for a type', { content_type: 'text/plain' }, 'content_type', TYPE],
    ['a video type', { content_type: 'video/quicktime' }, 'content_type', TYPE],
    ['a bare word', { content_type: 'audio' }, 'content_type', TYPE],
    ['a type without a name', { content_type: 'audio/' }, 'content_type', TYPE],
    ['a list of types', { content_type: 'audio/wav, audio/mp4' }, 'content_type', TYPE],
    ['a type and a line end', { content_type: 'audio/wav\r\nX-Evil: 1' }, 'content_type', TYPE],
    ['a type with a space before it', { content_type: ' audio/wav' }, 'content_type', TYPE],
    ['a parameter without a value', { content_type: 'audio/wav;codecs' }, 'content_type', TYPE],
    ['five parameters', { content_type: `audio/wav${';a=b'.repeat(5)}` }, 'content_type', TYPE],
    ['a type of 61 characters', { content_type: `audio/${'a'.repeat(61)}` }, 'content_type', TYPE],
    ['a type beyond ASCII', { content_type: 'audio/wäv' }, 'content_type', TYPE],
    ['a number for a type', { content_type: 5 }, 'content_type', 'must be a string'],
    ['a list for a type', { content_type: ['audio/wav'] }, 'content_type', 'must be a string'],
    ['no size', { file_size: undefined }, 'file_size', 'is required for an upload'],
    ['null for a size', { file_size: null }, 'file_size', 'is required for an upload'],
    ['an empty file', { file_size: 0 }, 'file_size', UPLOAD_SIZE],
    ['a negative size', { file_size: -1 }, 'file_size', UPLOAD_SIZE],
    ['half a byte', { file_size: 1.5 }, 'file_size', UPLOAD_SIZE],
    ['one byte more than 5 GiB', { file_size: 5 * GIB + 1 }, 'file_size', UPLOAD_SIZE],
    ['a size in a string', { file_size: '4' }, 'file_size', UPLOAD_SIZE],
    ['a list for a size', { file_size: [4] }, 'file_size', UPLOAD_SIZE],
    ['a title of 201 characters', { title: '💚'.repeat(201) }, 'title', 'must be at most 200 characters'],
    ['a number for a title', { title: 5 }, 'title', 'must be a string'],
    ['half a surrogate pair', { title: '\ud83d' }, 'title', 'must be valid Unicode'],
    ['a text for tags', { tags: 'a' }, 'tags', 'must be a list'],
    ['an object for tags', { tags: { 0: 'a' } }, 'tags', 'must be a list'],
    ['21 tags', { tags: Array<string>(21).fill('a') }, 'tags', 'must have at most 20 entries'],
    ['an empty tag', { tags: ['a', ''] }, 'tags', 'must have only good entries: number 2 must not be empty'],
    [
      'a tag of 41 characters',
      { tags: ['a'.repeat(41)] },
      ...(['tags', 'must have only good entries: number 1 must be at most 40 characters'] as const),
    ],
    ['a number as a tag', { tags: [1] }, 'tags', 'must have only good entries: number 1 must be a string'],
    ['null as a tag', { tags: [null] }, 'tags', 'must have only good entries: number 1 is required'],
    ['a negative duration', { duration_seconds: -0.001 }, 'duration_seconds', DURATION],
    ['more than a year', { duration_seconds: 366 * 86_400 + 1 }, 'duration_seconds', DURATION],
    ['a duration in a string', { duration_seconds: '1' }, 'duration_seconds', DURATION],
    ['true for a duration', { duration_seconds: true }, 'duration_seconds', DURATION],
    ['a short checksum', { checksum_sha256: 'a'.repeat(63) }, 'checksum_sha256', DIGITS],
    ['a long checksum', { checksum_sha256: 'a'.repeat(65) }, 'checksum_sha256', DIGITS],
    ['a checksum in base64', { checksum_sha256: `${'g'.repeat(43)}=` }, 'checksum_sha256', DIGITS],
    ['a checksum and a line end', { checksum_sha256: `${'a'.repeat(64)}\n` }, 'checksum_sha256', DIGITS],
    ['a number for a checksum', { checksum_sha256: 5 }, 'checksum_sha256', 'must be a string'],
  ])('refuses %s', async (_what, fields, field, rule) => {
    const message = `${field} ${rule}`;
    const expected = { status: 400, detail: message, instance: PATH, errors: [{ field, message }] };
    expectProblem(await upload(fields), expected);
    expect((await rowsOf(app, ada.userId)).audioFiles).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['5 TiB and a byte', { file_size: 5 * TIB + 1 }, `file_size ${SIZE}`],
    ['a negative size', { file_size: -1 }, `file_size ${SIZE}`],
    ['a wrong type', { content_type: 'text/plain' }, `content_type ${TYPE}`],
    ['a long title', { title: 'a'.repeat(201) }, 'title must be at most 200 characters'],
  ])('refuses %s of an object that is in S3 too', async (_what, fields, message) => {
    const answer = await post({ s3_key: 'recordings/monday.m4a', ...fields });
    const field = Object.keys(fields)[0] ?? '';
    expectProblem(answer, { status: 400, detail: message, instance: PATH, errors: [{ field, message }] });
  });

  it('says what is missing for either way where neither key nor type is given', async () => {
    const message =
      's3_key is required for an object that is in S3, or content_type and file_size for one that is to be uploaded';
    const errors = [{ field: 's3_key', message }];
    for (const fields of [{}, { file_size: null }, { file_size: 4 }, { s3_key: null, content_type: null }]) {
      expectProblem(await post(fields), { status: 400, detail: message, instance: PATH, errors });
    }
  });

  it.each([
    ['video/mp4', 'mp4'],
    ['video/3gpp', '3gp'],
    ['Video/WebM;codecs=opus', 'webm'],
    ['application/ogg', 'ogg'],
  ])('takes %s, as which recordings are detected', async (content_type, ending) => {
    const { body } = await upload({ content_type }).expect(201);
    const type = content_type.replace('Video/WebM', 'video/webm');
    expect(body).toMatchObject({ content_type: type, upload: { headers: { 'Content-Type': type } } });
    expect(body.s3_key).toMatch(new RegExp(`\\.${ending}$`));
  });

  it('takes an empty title for none', async () => {
    expect((await upload({ title: '' }).expect(201)).body.title).toBeNull();
  });

  it('names every field that is wrong', async () => {
    const { body } = await upload({
      ...{ content_type: 'x', file_size: 'x', title: 5, tags: 5, duration_seconds: 'x' },
      ...{ checksum_sha256: 'x', recorded_at: 'x' },
    });
    const fields = (body.errors as { field: string; message: string }[]).map(({ field }) => field);
    expect([...new Set(fields)].sort()).toEqual(
      [
        ...['checksum_sha256', 'content_type', 'duration_seconds', 'file_size', 'recorded_at'],
        ...['tags', 'title'],
      ].sort(),
    );
    expect(JSON.stringify(body)).not.toContain('"x"');
  });

  it.each<[string, object, object]>([
    ['one byte', { file_size: 1 }, { file_size: 1 }],
    ['5 GiB', { file_size: 5 * GIB }, { file_size: 5 * GIB }],
    ['a title of 200 characters', { title: '💚'.repeat(200) }, { title: '💚'.repeat(200) }],
    ['no tags', { tags: [] }, { tags: [] }],
    ['null for what may be left out', { title: null, tags: null }, { title: null, tags: [] }],
    [
      '20 tags of 40 characters',
      { tags: Array.from({ length: 20 }, (_, n) => `${n + 10}${'ä'.repeat(38)}`) },
      { tags: Array.from({ length: 20 }, (_, n) => `${n + 10}${'ä'.repeat(38)}`) },
    ],
    ['no time at all', { duration_seconds: 0 }, { duration_seconds: 0 }],
    ['a year', { duration_seconds: 366 * 86_400 }, { duration_seconds: 366 * 86_400 }],
    ['a checksum in capitals', { checksum_sha256: 'A'.repeat(64) }, { checksum_sha256: 'a'.repeat(64) }],
    ['four parameters', { content_type: 'audio/wav;a=b;c=d;e=f;g=h' }, {}],
  ])('takes %s', async (_what, fields, answered) => {
    const { body } = await upload(fields).expect(201);
    expect(body).toMatchObject({ status: 'pending', ...answered });
    const at = `${PATH}/${body.file_id}`;
    const { body: got } = await app.http.get(at).set(ada.authorization).expect(200);
    expect(got).toMatchObject(answered);
    await app.http.delete(at).set(ada.authorization).expect(200);
  });

  it('takes 5 TiB, and nothing, of an object that is in S3', async () => {
    for (const file_size of [0, 5 * TIB]) {
      const { body } = await post({ s3_key: 'recordings/monday.m4a', file_size }).expect(201);
      expect(body).toMatchObject({ status: 'ready', file_size });
    }
  });
});
