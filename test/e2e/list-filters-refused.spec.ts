import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { expectListRefused } from '../support/list-refusals.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const FIRST = 1_758_762_381;
const INSTANT = 'must be an ISO 8601 instant with an offset, such as 2025-09-25T01:06:21Z';
const UNENCODED =
  'has a space where the offset begins: in a URL, + is written %2B, as in 2025-09-25T03:06:21%2B02:00';
const SIZE = 'must be a whole number from 0 to 5497558138880';
const TYPE =
  'must be an audio type such as audio/mp4, or video/mp4, video/3gpp, video/webm, application/ogg or application/octet-stream';

const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

describe('filters of a list', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const refuse = (query: string, field: string, message: string) =>
    expectListRefused(app, ada, { query, field, message });

  const TIMES = 'uploaded_from uploaded_to recorded_from recorded_to';
  /** Each of these parameters with each of these values, which are separated by bars. */
  const bad = (names: string, rule: string, values: string) =>
    names.split(' ').flatMap((name) => values.split('|').map((value) => [name, value, rule] as const));

  it.each([
    ...bad(TIMES, INSTANT, '|now|1758762381|2025-09-25|2025-09-25T01:06:21|2025-02-30T00:00:00Z'),
    // As an offset that nobody encoded.
    ...bad(TIMES, UNENCODED, '2025-09-25T03:06:21 02:00|2025-09-25T03:06 0200'),
    ...bad(TIMES, INSTANT, '2025-09-25 03:06:21 02:00|2025-09-25T03:06:21 99:00'),
    ...bad('min_size max_size', SIZE, `|-1|1.5|1e3|0x10|5497558138881|${'9'.repeat(20)}|many`),
    ...bad(
      'content_type',
      TYPE,
      '|audio|audio/|audio/*|video/quicktime|text/plain|audio/mp4;| audio/mp4|audio/a\r\nX: y',
    ),
    ...bad('status', 'must be one of pending, ready', '|READY|done|toString'),
    ...bad('tag q', 'must not be empty', ''),
    ...bad('tag', 'must be at most 40 characters', 'a'.repeat(41)),
    ...bad('q', 'must be at most 200 characters', 'ü'.repeat(201)),
  ])('refuse %s=%j', (name, value, rule) =>
    refuse(new URLSearchParams({ [name]: value }).toString(), name, `${name} ${rule}`),
  );

  it.each([
    ...bad(TIMES, INSTANT, '2025-09-25T01:06:21Z'),
    ...bad('min_size max_size', SIZE, '5'),
    ...bad('tag q content_type', 'must be a string', 'audio/mp4'),
    ...bad('status', 'must be one of pending, ready', 'ready'),
  ])('refuse %s=%s twice', (name, value, rule) =>
    refuse(`${name}=${value}&${name}=${value}`, name, `${name} ${rule}`),
  );

  it.each([
    ['uploaded_from', iso(FIRST + 1), 'uploaded_to', iso(FIRST)],
    ['recorded_from', '2025-09-25T01:06:21Z', 'recorded_to', '2025-09-25T02:06:21%2B02:00'],
    ['min_size', '2', 'max_size', '1'],
  ])('refuse %s=%s with %s=%s', (from, low, to, high) =>
    refuse(`${from}=${low}&${to}=${high}`, to, `${to} must not be before ${from}`),
  );
});
