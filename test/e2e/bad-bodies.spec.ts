import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { PROBLEM_TYPE, problemBody } from '../support/problem-body.js';
import { everyRow, storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const MARKER = 'zq7marker';
const PATHS = ['/api/register', '/api/login', '/api/audio-file'];
/** Far deeper than the stack of a recursive walk, and within the largest body. */
const DEPTH = 8_000;
const ARRAYS = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
const OBJECTS = '{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH);
const NESTED = [
  ['arrays', ARRAYS],
  ['objects', OBJECTS],
];

const KEY_OR_UPLOAD =
  's3_key is required for an object that is in S3, or content_type and file_size for one that is to be uploaded';

describe('bodies that are not what they should be', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const post = (path: string, json: string) =>
    app.http.post(path).set(ada.authorization).set('Content-Type', 'application/json').send(json);

  describe.each(PATHS)('POST %s', (path) => {
    it.each([['[]'], [`["${MARKER}"]`], [`[{"s3_key":"${MARKER}","email":"${MARKER}@example.com"}]`]])(
      'answers 400 to the array %s',
      async (json) => {
        const before = await everyRow(app);
        const message = 'The request body must be a JSON object';
        const answer = await post(path, json).expect(400).expect('Content-Type', PROBLEM_TYPE);
        expect(answer.body).toEqual(problemBody(400, message, path, [{ field: 'body', message }]));
        expect(answer.text).not.toContain(MARKER);
        expect(await everyRow(app)).toEqual(before);
      },
    );

    it.each([[`"${MARKER}"`], ['5081975'], ['null'], ['true'], ['false'], ['-1e400']])(
      'answers 400 to %s',
      async (json) => {
        const before = await everyRow(app);
        const answer = await post(path, json).expect(400).expect('Content-Type', PROBLEM_TYPE);
        const { errors, ...problem } = answer.body as { detail: string; errors?: unknown };
        expect(problem).toEqual(problemBody(400, problem.detail, path));
        expect([undefined, [{ field: 'body', message: problem.detail }]]).toContainEqual(errors);
        expect(answer.text).not.toMatch(/zq7marker|5081975/);
        expect(await everyRow(app)).toEqual(before);
      },
    );

    it.each([
      [`{"email":${MARKER}}`],
      [`{"email":"${MARKER}"`],
      [`{"email":"${MARKER}",}`],
      [`{'email':'${MARKER}'}`],
      ['{"file_size":NaN}'],
      ['{"file_size":Infinity}'],
      ['{"file_size":01}'],
      ['{"file_size":0x10}'],
      ['{"s3_key":"a\nb"}'],
      ['{"s3_key":"\\x41"}'],
      ['\u0000'],
      ['{}{}'],
      ['undefined'],
      [`<email>${MARKER}</email>`],
    ])('answers 400 to %j, which is not JSON', async (json) => {
      const before = await everyRow(app);
      const answer = await post(path, json).expect(400).expect('Content-Type', PROBLEM_TYPE);
      expect(answer.body).toEqual(problemBody(400, 'The request body is not valid JSON', path));
      expect(answer.text).not.toContain(MARKER);
      expect(await everyRow(app)).toEqual(before);
    });

    it.each([
      ...NESTED.map(([name, nested]) => [
        `fields that are ${name}`,
        `{"email":${nested},"s3_key":${nested}}`,
      ]),
      ...NESTED.map(([name, nested]) => [`an unknown field of ${name}`, `{"extra":${nested}}`]),
      ['an object within objects', OBJECTS],
    ])('answers 400 to %s, nested far too deeply', async (_case, json) => {
      const before = await everyRow(app);
      const message = 'The request is nested too deeply';
      const answer = await post(path, json).expect(400).expect('Content-Type', PROBLEM_TYPE);
      expect(answer.body).toEqual(problemBody(400, message, path, [{ field: 'body', message }]));
      expect(await everyRow(app)).toEqual(before);
    });

    it.each([
      ['__proto__', (fields: string) => `{"__proto__":${fields}}`],
      ['constructor', (fields: string) => `{"constructor":${fields}}`],
      ['constructor.prototype', (fields: string) => `{"constructor":{"prototype":${fields}}}`],
      ['prototype', (fields: string) => `{"prototype":${fields}}`],
    ])('takes no fields from %s', async (_case, wrap) => {
      const before = await everyRow(app);
      const fields = { email: `${MARKER}@example.com`, password: `${MARKER} battery`, s3_key: `${MARKER}/a` };
      const answer = await post(path, wrap(JSON.stringify({ ...fields, polluted: true }))).expect(400);
      const errors =
        path === '/api/audio-file'
          ? [{ field: 's3_key', message: KEY_OR_UPLOAD }]
          : [
              { field: 'email', message: 'email is required' },
              { field: 'password', message: 'Password is required' },
            ];
      expect(answer.body).toEqual(problemBody(400, errors[0]?.message ?? '', path, errors));
      expect(await everyRow(app)).toEqual(before);
      expect({}).not.toHaveProperty('polluted');
    });
  });

  it.each([
    ['__proto__', '"__proto__":{"user_id":"eve","file_id":"eve","file_size":7,"polluted":true}'],
    ['constructor', '"constructor":{"prototype":{"user_id":"eve","polluted":true}}'],
    [
      'a list of unknown fields',
      '"user_id":["eve"],"uploaded_at":{"then":1},"hasOwnProperty":1,"toString":2',
    ],
  ])('POST /api/audio-file makes an ordinary record beside %s', async (_case, members) => {
    const { body } = await post('/api/audio-file', `{"s3_key":"recordings/a.m4a",${members}}`).expect(201);
    expect(body).toEqual(recordBody({ user_id: ada.userId, s3_key: 'recordings/a.m4a' }));
    expect(await storedAudioFile(app, body.file_id as string)).toEqual({
      file_id: body.file_id,
      user_id: ada.userId,
      s3_key: 'recordings/a.m4a',
      uploaded_at: Date.parse(body.uploaded_at as string) / 1000,
      uploaded_at_iso: body.uploaded_at,
    });
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([['__proto__'], ['constructor'], ['hasOwnProperty'], ['toString']])(
    'takes %s for a text like any other where a text is due',
    async (word) => {
      const created = await post('/api/audio-file', JSON.stringify({ s3_key: word })).expect(201);
      expect(created.body).toMatchObject({ s3_key: word });
      const credentials = { email: `${word}.${randomUUID()}@example.com`, password: `${word}${word}` };
      const registered = await post('/api/register', JSON.stringify(credentials)).expect(201);
      expect(registered.body.user.email).toBe(credentials.email.toLowerCase());
      await post('/api/login', JSON.stringify(credentials)).expect(200);
    },
  );

  it.each([
    ['__proto__[limit]=500'],
    ['constructor[prototype][limit]=500'],
    ['user_id=eve'],
    [`${MARKER}=1`],
    ['a[b][c][d][e][f][g][h]=1'],
    ['limit[]=500'],
    ['limit[0]=500'],
    ['limit[constructor]=500'],
  ])('GET /api/user/audio-files ignores ?%s', async (query) => {
    const { body } = await app.http.get(`/api/user/audio-files?${query}`).set(ada.authorization).expect(200);
    expect(body).toEqual(expect.any(Array));
    expect({}).not.toHaveProperty('limit');
  });

  it.each([['%ZZ'], ['%'], ['%C3'], ['%FF%FE']])(
    'GET and DELETE /api/audio-file/%s answer 4xx to what is no UTF-8',
    async (segment) => {
      for (const method of ['get', 'delete'] as const) {
        const path = `/api/audio-file/${segment}`;
        const answer = await app.http[method](path)
          .set(ada.authorization)
          .expect('Content-Type', PROBLEM_TYPE);
        expect([400, 404]).toContain(answer.status);
        expect(answer.body).toEqual(problemBody(answer.status, answer.body.detail as string, path));
      }
    },
  );
});
