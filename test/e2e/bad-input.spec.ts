import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FieldError } from '../../src/common/errors/domain-errors.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { PROBLEM_TYPE, problemBody } from '../support/problem-body.js';
import { everyRow } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Stands in every submitted value that can hold it, and may stand in no answer. */
const MARKER = 'zq7marker';
const LONE_SURROGATE = `${MARKER}\ud800${MARKER}`;
const INSTANT_RULE = 'must be an ISO 8601 instant with an offset, such as 2025-09-25T01:06:21Z';
const SIZE_RULE = 'must be a whole number from 0 to 5497558138880';
const LIMIT_RULE = 'must be a whole number from 1 to 100';

const CREDENTIALS = { email: `${MARKER}@example.com`, password: `${MARKER} battery` };
const AUDIO_FILE = {
  s3_key: `${MARKER}/monday.m4a`,
  file_size: 482_133,
  recorded_at: '2025-09-24T18:30:00Z',
};

/** Values, as JSON, that are no text, and what is said of them. */
const NO_TEXT: [name: string, json: string | undefined, rule: string][] = [
  ['missing', undefined, 'is required'],
  ['null', 'null', 'is required'],
  ['a number', '5081975', 'must be a string'],
  ['zero', '0', 'must be a string'],
  ['a number past all bounds', '1e400', 'must be a string'],
  ['true', 'true', 'must be a string'],
  ['false', 'false', 'must be a string'],
  ['an array of text', `["${MARKER}@example.com"]`, 'must be a string'],
  ['an empty array', '[]', 'must be a string'],
  ['an object', `{"${MARKER}":"${MARKER}"}`, 'must be a string'],
  ['an empty object', '{}', 'must be a string'],
  ['an object that plays a string', `{"length":12,"toString":"${MARKER}"}`, 'must be a string'],
  ['an object with a prototype', `{"__proto__":{"length":12,"${MARKER}":1}}`, 'must be a string'],
  ['an object with a constructor', `{"constructor":{"prototype":{"${MARKER}":1}}}`, 'must be a string'],
];

const WRONG_EMAILS: typeof NO_TEXT = [
  ...NO_TEXT,
  ['empty', '""', 'must not be empty'],
  ['spaces', '"   "', 'must not be empty'],
  ['too long', JSON.stringify(`${MARKER.repeat(27)}@example.com`), 'must be at most 254 characters'],
  ['half of a surrogate pair', JSON.stringify(LONE_SURROGATE), 'must be valid Unicode'],
  ['no address', `"${MARKER}"`, 'must be a valid email address'],
  ['an address with two @', `"${MARKER}@${MARKER}@example.com"`, 'must be a valid email address'],
  ['an address with a NUL', `"${MARKER}\\u0000@example.com"`, 'must be a valid email address'],
  ['an address with a line end', `"${MARKER}\\r\\nBcc: x@example.com"`, 'must be a valid email address'],
  ['two addresses', `"${MARKER}@example.com,${MARKER}@example.org"`, 'must be a valid email address'],
];

const WRONG_PASSWORDS: typeof NO_TEXT = [
  ...NO_TEXT,
  ['too long', JSON.stringify(`${MARKER}`.padEnd(257, 'x')), 'must be at most 256 characters'],
  ['half of a surrogate pair', JSON.stringify(LONE_SURROGATE), 'must be valid Unicode'],
];

const WRONG_KEYS: typeof NO_TEXT = [
  ...NO_TEXT,
  ['empty', '""', 'must not be empty'],
  ['too long', JSON.stringify(MARKER.padEnd(1025, 'x')), 'must be at most 1024 bytes of UTF-8'],
  ['a whole body', JSON.stringify(MARKER.repeat(9000)), 'must be at most 1024 bytes of UTF-8'],
  ['half of a surrogate pair', JSON.stringify(LONE_SURROGATE), 'must be valid Unicode'],
  ['with a NUL', `"${MARKER}\\u0000"`, 'must not contain control characters'],
  ['with an escape', `"${MARKER}\\u001b[2J"`, 'must not contain control characters'],
  ['with a control character above ASCII', `"${MARKER}\\u009f"`, 'must not contain control characters'],
  ['with a leading slash', `"/${MARKER}"`, 'must not start with a slash'],
  ['leading upwards', `"${MARKER}/../../etc"`, 'must not contain "." or ".." segments'],
];

const EITHER_RULE =
  'is required for an object that is in S3, or content_type and file_size for one that is to be uploaded';

const WRONG_SIZES = [
  ...['"482133"', '""', `"${MARKER}"`, 'true', 'false', '[482133]', '[]', '{}', `{"${MARKER}":1}`],
  ...['-1', '1.5', '-0.5', '5497558138881', '9007199254740993', '1e308', '1e400', '-1e400'],
  ...['"NaN"', '"Infinity"', '{"__proto__":{"valueOf":1}}'],
];

const WRONG_INSTANTS = [
  ...['"2025-02-30T00:00:00Z"', '"2025-02-29T00:00:00Z"', '"2025-09-24T18:30:00"', '"2025-09-24"'],
  ...[
    '"2025-09-24T25:00:00Z"',
    '"2025-09-24T18:30:00+99:00"',
    '"2025-09-24 18:30:00Z"',
    '"now"',
    '""',
    '" "',
  ],
  ...['"2025-09-24T18:30:00Z\\u0000"', `"2025-09-24T18:30:00Z${MARKER}"`, '"1758738600"', '1758738600', '0'],
  ...['1e400', 'true', 'false', '[]', '["2025-09-24T18:30:00Z"]', '{}', `{"${MARKER}":1}`],
  ...['{"__proto__":{"toISOString":1}}', JSON.stringify(MARKER.repeat(9000)), '"\\ud800"'],
  // Instants that have no four-digit year in UTC.
  ...['"9999-12-31T23:59:59-01:00"', '"0001-01-01T00:00:00+01:00"'],
];

const WRONG_LIMITS = [
  ...[
    '0',
    '101',
    '-1',
    '+5',
    '1.5',
    '1e1',
    '0x10',
    '1,000',
    '',
    '%20',
    '%00',
    '5%00',
    'NaN',
    'Infinity',
    'null',
  ],
  ...['true', MARKER, '99999999999999999999', '1e400', '%D9%A5', '50;drop', '%7B%7D', MARKER.repeat(500)],
].map((value) => `limit=${value}`);
const REPEATED_LIMITS = ['limit=1&limit=2', 'limit=5&limit=5', 'limit=5&limit='];

/** A JSON object with one member in place of the one it has, or without it. */
function jsonWith(body: object, field: string, json: string | undefined): string {
  const members = Object.entries(body).map(([name, value]) => [name, JSON.stringify(value)]);
  const changed = members.map(([name, text]) => [name, name === field ? json : text]);
  const written = changed.filter(([, text]) => text !== undefined);
  return `{${written.map(([name, text]) => `"${name}":${text}`).join(',')}}`;
}

/** Each value behind what a title has room for. */
const titled = (values: string[]) => values.map((value): [string, string] => [value.slice(0, 60), value]);

describe('bad input', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  /** Sends raw JSON, or nothing, and holds the answer to a 400 that tells no value and stores no row. */
  async function expectRefusal(method: 'get' | 'post', path: string, json: string, errors: FieldError[]) {
    const before = await everyRow(app);
    const request = app.http[method](path).set(ada.authorization);
    const answer = await (json ? request.set('Content-Type', 'application/json').send(json) : request);
    const [instance = ''] = path.split('?');
    expect(answer.body).toEqual(problemBody(400, errors[0]?.message ?? '', instance, errors));
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toMatch(PROBLEM_TYPE);
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain(MARKER);
    expect(await everyRow(app)).toEqual(before);
  }

  const wrong = (field: string, rule: string, label = field): FieldError[] => [
    { field, message: `${label} ${rule}` },
  ];

  describe.each(['/api/register', '/api/login'])('POST %s', (path) => {
    it.each(WRONG_EMAILS)('refuses an email that is %s', async (_case, json, rule) => {
      await expectRefusal('post', path, jsonWith(CREDENTIALS, 'email', json), wrong('email', rule));
    });

    it.each(WRONG_PASSWORDS)('refuses a password that is %s', async (_case, json, rule) => {
      const errors = wrong('password', rule, 'Password');
      await expectRefusal('post', path, jsonWith(CREDENTIALS, 'password', json), errors);
    });

    it('names both fields where both are wrong', async () => {
      await expectRefusal('post', path, `{"email":"${MARKER}","password":["${MARKER}"]}`, [
        ...wrong('email', 'must be a valid email address'),
        ...wrong('password', 'must be a string', 'Password'),
      ]);
    });
  });

  it.each([
    ['/api/register', '', 'must be at least 8 characters'],
    ['/api/register', 'q'.repeat(7), 'must be at least 8 characters'],
    ['/api/register', '💚'.repeat(7), 'must be at least 8 characters'],
    ['/api/login', '', 'must not be empty'],
  ])('POST %s refuses the short password %j', async (path, password, rule) => {
    const json = JSON.stringify({ ...CREDENTIALS, password });
    await expectRefusal('post', path, json, wrong('password', rule, 'Password'));
  });

  it.each([['ada'], ['ada@localhost'], ['@example.com'], ['ada@example..com'], ['ada@-example.com']])(
    'POST /api/register refuses %s as no valid address',
    async (email) => {
      const json = JSON.stringify({ ...CREDENTIALS, email });
      await expectRefusal('post', '/api/register', json, wrong('email', 'must be a valid email address'));
    },
  );

  describe('POST /api/audio-file', () => {
    const refuse = (field: string, json: string | undefined, rule: string) =>
      expectRefusal('post', '/api/audio-file', jsonWith(AUDIO_FILE, field, json), wrong(field, rule));

    it.each(WRONG_KEYS)('refuses an s3_key that is %s', (_case, json, rule) =>
      // With a size it may be an upload as well, which wants another field.
      refuse('s3_key', json, rule === 'is required' ? EITHER_RULE : rule),
    );

    it.each(titled(WRONG_SIZES))('refuses the file_size %s', (_title, json) =>
      refuse('file_size', json, SIZE_RULE),
    );

    it.each(titled(WRONG_INSTANTS))('refuses the recorded_at %s', (_title, json) =>
      refuse('recorded_at', json, INSTANT_RULE),
    );

    it('names every wrong field', async () => {
      const json = `{"s3_key":"","file_size":"${MARKER}","recorded_at":"${MARKER}"}`;
      await expectRefusal('post', '/api/audio-file', json, [
        ...wrong('s3_key', 'must not be empty'),
        ...wrong('file_size', SIZE_RULE),
        ...wrong('recorded_at', INSTANT_RULE),
      ]);
    });
  });

  describe('GET /api/user/audio-files', () => {
    it.each(titled([...WRONG_LIMITS, ...REPEATED_LIMITS]))('refuses ?%s', (_title, query) =>
      expectRefusal('get', `/api/user/audio-files?${query}`, '', wrong('limit', LIMIT_RULE)),
    );
  });
});
