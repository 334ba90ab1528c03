import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { findLogLine } from '../support/log-lines.js';
import { type LogLine, startTestApp, type TestApp } from '../support/test-app.js';

const ADDRESS = '198.51.100.7';
const PASSWORD = 'correct horse battery';
const WRONG = 'wrong password';
const SUBJECT = /^[0-9a-f]{16}$/;

const newEmail = () => `${randomUUID()}@example.com`;
const sessionOf = (token: string) => String(decodeToken(token).claims['jti']);

describe('the audit trail', () => {
  let app: TestApp;
  let account: Account;

  beforeAll(async () => {
    const wide = {
      RATE_LIMIT_REGISTER: '1000',
      RATE_LIMIT_LOGIN: '1000',
      RATE_LIMIT_FAILURES_BY_ADDRESS: '3',
    };
    app = await startTestApp({ LOG_LEVEL: 'trace', RATE_LIMIT: 'on', TRUST_PROXY: '1', ...wide });
  });

  afterAll(() => app.close());

  beforeEach(async () => {
    account = await registerAccount(app);
  });

  /** Sends the request from a known address and gives its answer, and what the trail has of it. */
  async function audited(request: Test, status: number) {
    const id = randomUUID();
    const answer = await request.set({ 'X-Request-Id': id, 'X-Forwarded-For': ADDRESS }).expect(status);
    await findLogLine(app, ({ msg, request_id }) => msg === 'request' && request_id === id);
    const events = app.logs.filter(({ audit, request_id }) => audit !== undefined && request_id === id);
    return { answer, events, event: (fields: object) => [expectedLine(id, fields)] };
  }
  const expectedLine = (id: string, fields: object) => ({
    level: 'info',
    pid: process.pid,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    request_id: id,
    address: ADDRESS,
    ...fields,
    msg: 'audit',
  });
  const login = (email: string, password: string) => app.http.post('/api/login').send({ email, password });

  it('has a registration, and not the refusal of one', async () => {
    const credentials = { email: newEmail(), password: PASSWORD };
    const { answer, events, event } = await audited(app.http.post('/api/register').send(credentials), 201);
    expect(events).toEqual(event({ audit: 'register', user_id: answer.body.user_id }));

    expect((await audited(app.http.post('/api/register').send(credentials), 409)).events).toEqual([]);
  });

  it('has a login', async () => {
    const { events, event } = await audited(login(account.email, account.password), 200);

    expect(events).toEqual(event({ audit: 'login', user_id: account.userId }));
  });

  it('has a login that failed, with the class of the reason and a stand-in for the email', async () => {
    const wrong = await audited(login(account.email, WRONG), 401);
    const again = await audited(login(account.email.toUpperCase(), WRONG), 401);
    const unknown = await audited(login(newEmail(), WRONG), 401);

    const subject = expect.stringMatching(SUBJECT);
    expect(wrong.events).toEqual(wrong.event({ audit: 'login-failed', subject, reason: 'wrong-password' }));
    expect(unknown.events).toEqual(
      unknown.event({ audit: 'login-failed', subject, reason: 'unknown-email' }),
    );
    expect(again.events[0]?.['subject']).toBe(wrong.events[0]?.['subject']);
    expect(unknown.events[0]?.['subject']).not.toBe(wrong.events[0]?.['subject']);
  });

  it('has a login that was refused for its number', async () => {
    for (let i = 0; i < 3; i++) await audited(login(account.email, WRONG), 401);

    const { events, event } = await audited(login(account.email, account.password), 429);

    const reason = 'login-failures-by-address';
    expect(events).toEqual(event({ audit: 'rate-limited', reason, route: '/api/login' }));
  });

  it('has a logout and a renewal, with the session', async () => {
    const fields = { user_id: account.userId, session_id: sessionOf(account.token) };

    const renewal = await audited(app.http.post('/api/token/renew').set(account.authorization), 200);
    const logout = await audited(app.http.post('/api/logout').set(account.authorization), 200);

    expect(renewal.events).toEqual(renewal.event({ audit: 'token-renewed', ...fields }));
    expect(logout.events).toEqual(logout.event({ audit: 'logout', ...fields }));
  });

  it('has the end of another session, and of all others', async () => {
    const { body } = await login(account.email, account.password).expect(200);
    const session_id = sessionOf(body.token as string);
    const remove = (path: string) => app.http.delete(path).set(account.authorization);

    const one = await audited(remove(`/api/user/sessions/${session_id}`), 200);
    const again = await audited(remove(`/api/user/sessions/${session_id}`), 404);
    const all = await audited(remove('/api/user/sessions'), 200);

    const user_id = account.userId;
    expect(one.events).toEqual(one.event({ audit: 'session-revoked', user_id, session_id }));
    expect(again.events).toEqual([]);
    expect(all.events).toEqual(all.event({ audit: 'other-sessions-revoked', user_id }));
  });

  it('has a password change, and one that failed', async () => {
    const change = (current_password: string) =>
      app.http
        .put('/api/user/password')
        .set(account.authorization)
        .send({ current_password, new_password: 'staple battery horse' });

    const failed = await audited(change(WRONG), 403);
    const changed = await audited(change(account.password), 200);

    const user_id = account.userId;
    const reason = 'wrong-password';
    expect(failed.events).toEqual(failed.event({ audit: 'password-change-failed', user_id, reason }));
    expect(changed.events).toEqual(changed.event({ audit: 'password-changed', user_id }));
  });

  it('has the deletion of an account, and one that failed', async () => {
    const remove = (password: string) =>
      app.http.delete('/api/user').set(account.authorization).send({ password });

    const failed = await audited(remove(WRONG), 403);
    const deleted = await audited(remove(account.password), 200);

    const user_id = account.userId;
    const reason = 'wrong-password';
    expect(failed.events).toEqual(failed.event({ audit: 'account-deletion-failed', user_id, reason }));
    expect(deleted.events).toEqual(deleted.event({ audit: 'account-deleted', user_id }));
  });

  it("has a stranger's try at a file", async () => {
    const { file_id } = await createAudioFile(app, await registerAccount(app));
    for (const method of ['get', 'delete'] as const) {
      const request = app.http[method](`/api/audio-file/${file_id}`).set(account.authorization);
      const { events, event } = await audited(request, 403);

      const fields = { reason: 'not-owner', user_id: account.userId, route: '/api/audio-file/:file_id' };
      expect(events).toEqual(event({ audit: 'access-denied', ...fields }));
    }
  });

  it('has a token that was refused, and not a request without one', async () => {
    await app.http.post('/api/logout').set(account.authorization).expect(200);
    for (const authorization of ['Bearer nonsense', account.authorization.Authorization]) {
      const request = app.http.get('/api/user').set('Authorization', authorization);
      const { events, event } = await audited(request, 401);

      expect(events).toEqual(event({ audit: 'access-denied', reason: 'invalid-token', route: '/api/user' }));
    }
    expect((await audited(app.http.get('/api/user'), 401)).events).toEqual([]);
  });

  it('has no password, token, email, hash or salt in any line', async () => {
    const { body } = await login(account.email, account.password).expect(200);
    await login(account.email, `${WRONG} ${account.password}`).expect(401);
    await audited(app.http.get('/api/user').set('Authorization', `Bearer ${body.token}x`), 401);
    const { Item } = await app.rows.send(
      new GetCommand({ TableName: app.config.tables.users, Key: { user_id: account.userId } }),
    );
    const { password_hash, key_salt } = Item as Record<'password_hash' | 'key_salt', string>;

    const written = JSON.stringify(app.logs);
    expect(written).toContain('"audit":"login-failed"');
    for (const secret of [
      ...[account.password, WRONG, 'staple battery horse', account.email, account.email.split('@')[0]],
      ...[...account.token.split('.').slice(1), ...(body.token as string).split('.').slice(1)],
      ...[password_hash, password_hash.split('$').at(-1), '$argon2', key_salt, body.key_salt as string],
      app.config.secretKey,
    ])
      expect(written).not.toContain(secret);
  });

  it('cannot be given a line by breaks in a header or in an email', async () => {
    const before = app.logs.length;
    const last = randomUUID();
    const forged = '{"level":"info","audit":"login","user_id":"forged","msg":"audit"}';
    const email = `a\r\n${forged}\r\n@example.com`;
    const json = JSON.stringify({ email, password: `x\r\n${forged}` });
    const breaks = ['\r\n', '\n', '\r', '\r\n ', '\u0085', '%0d%0a', '\\r\\n'];
    for (const header of ['User-Agent', 'X-Request-Id', 'X-Forwarded-For', 'Authorization'])
      for (const lineBreak of breaks) await sendBytes(app, `${header}: Bearer x${lineBreak}${forged}`, json);
    await login(account.email, account.password).set('X-Request-Id', last).expect(200);
    await findLogLine(app, ({ msg, request_id }) => msg === 'request' && request_id === last);

    const written = app.logs.slice(before);
    // Of the four headers with seven breaks each, some are no HTTP; the rest are requests.
    expect(written.filter(({ msg }) => msg === 'request').length).toBeGreaterThan(10);
    // The test reads one JSON document a chunk, so that a line within a line would not be readable.
    const events = written.filter((line: LogLine) => line['audit'] !== undefined);
    expect(events).toEqual([expect.objectContaining({ audit: 'login', request_id: last })]);
    expect(JSON.stringify(written)).not.toContain('forged');
  });
});

/** Sends bytes that no client library would, and waits for the end of the answer. */
async function sendBytes({ url }: TestApp, header: string, body: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  const fixed = 'Host: localhost\r\nConnection: close\r\nContent-Type: application/json';
  const length = Buffer.byteLength(body);
  socket.end(`POST /api/login HTTP/1.1\r\n${fixed}\r\nContent-Length: ${length}\r\n${header}\r\n\r\n${body}`);
  return text(socket);
}
