import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('what POST /api/register accepts', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const newEmail = () => `${randomUUID()}@example.com`;
  const register = (body: object) => app.http.post('/api/register').send(body);
  const login = (body: object) => app.http.post('/api/login').send(body);

  it.each([
    ['a password of 7 characters', 'a'.repeat(7), 'Password must be at least 8 characters'],
    [
      'a password of 7 emoji, which are 14 units of UTF-16',
      '🔋'.repeat(7),
      'Password must be at least 8 characters',
    ],
    ['an empty password', '', 'Password must be at least 8 characters'],
    ['a password of 257 characters', 'a'.repeat(257), 'Password must be at most 256 characters'],
    [
      'half of a surrogate pair, which has no UTF-8 form',
      'password \ud83d',
      'Password must be valid Unicode',
    ],
    ['a password that is a number', 12345678, 'Password must be a string'],
    ['a password that is null', null, 'Password is required'],
    ['no password', undefined, 'Password is required'],
  ])('refuses %s with 400', async (_, password, message) => {
    expectProblem(await register({ email: newEmail(), password }), {
      status: 400,
      detail: message,
      instance: '/api/register',
      errors: [{ field: 'password', message }],
    });
  });

  it.each([
    ['8 characters', 'a'.repeat(8)],
    ['256 characters', 'a'.repeat(256)],
    ['256 emoji, which are 1024 bytes of UTF-8', '🔋'.repeat(256)],
    ['8 spaces', ' '.repeat(8)],
  ])('accepts a password of %s, which then signs in', async (_, password) => {
    const email = newEmail();

    await register({ email, password }).expect(201);

    await login({ email, password }).expect(200);
    await login({ email, password: [...password].with(-1, 'b').join('') }).expect(401);
  });

  it('keeps the password raw: only the very same characters sign in', async () => {
    const email = newEmail();
    const password = '  Caf\u00e9 🔑 pass\u0000word\t ';
    await register({ email, password }).expect(201);

    const others = [
      password.trim(),
      password.trimEnd(),
      password.toLowerCase(),
      password.normalize('NFD'),
      password.replace('\u0000', ''),
      password.slice(0, password.indexOf('\u0000')),
    ];
    for (const other of others) await login({ email, password: other }).expect(401);
    await login({ email, password }).expect(200);
  });

  it.each([
    ['no address at all', 'ada'],
    ['nothing before the @', '@example.com'],
    ['nothing after the @', 'ada@'],
    ['two of @', 'ada@home@example.com'],
    ['a space within', 'a da@example.com'],
    ['a control character within', 'a\u0007da@example.com'],
    ['a name before the address', 'Ada <ada@example.com>'],
    ['a host without a domain', 'ada@localhost'],
  ])('refuses an email with %s with 400', async (_, email) => {
    expectProblem(await register({ email, password: 'correct horse battery' }), {
      status: 400,
      detail: 'email must be a valid email address',
      instance: '/api/register',
      errors: [{ field: 'email', message: 'email must be a valid email address' }],
    });
  });

  it('refuses an email of 255 characters and accepts one of 254', async () => {
    // Parts of at most 64 before the @ and 63 between dots, as DNS has it.
    const local = randomUUID().padEnd(64, 'x');
    const domain = (length: number) => `${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(length - 126)}.com`;
    const longest = `${local}@${domain(254 - 65)}`;
    const tooLong = `${local}@${domain(255 - 65)}`;
    expect([longest.length, tooLong.length]).toEqual([254, 255]);

    await register({ email: longest, password: 'correct horse battery' }).expect(201);
    await register({ email: tooLong, password: 'correct horse battery' }).expect(400);
  });

  it('names every wrong field and echoes none of their values', async () => {
    const response = await register({ email: { $ne: 'injected' }, password: ['secret', 'secret'] });

    expectProblem(response, {
      status: 400,
      detail: 'email must be a string',
      instance: '/api/register',
      errors: [
        { field: 'email', message: 'email must be a string' },
        { field: 'password', message: 'Password must be a string' },
      ],
    });
    expect(response.text).not.toMatch(/injected|secret/);
  });

  it('refuses a request without a body for the fields that are missing', async () => {
    // Content-Length: 0, as fetch and browsers send a POST without a body.
    expectProblem(await app.http.post('/api/register'), {
      status: 400,
      detail: 'email is required',
      instance: '/api/register',
      errors: [
        { field: 'email', message: 'email is required' },
        { field: 'password', message: 'Password is required' },
      ],
    });
  });
});
