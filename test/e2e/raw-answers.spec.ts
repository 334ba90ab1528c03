import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { findLogLine } from '../support/log-lines.js';
import { everyRow } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ORIGIN = 'https://app.example.com';
const CLOSE = 'Connection: close\r\n';

describe('what is sent byte by byte', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ CORS_ORIGINS: ORIGIN });
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  /** Sends bytes and gives all that comes back until the service ends the connection. */
  async function exchange(bytes: string): Promise<string> {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    return received;
  }
  const statuses = (received: string) =>
    [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

  it.each([
    ['no Host', `GET /api/health/live HTTP/1.1\r\n${CLOSE}\r\n`, 400, '/api/health/live'],
    [
      'two Hosts',
      `GET /api/health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n${CLOSE}\r\n`,
      400,
      '/api/health/live',
    ],
    ['an address that is none', `GET http://[ HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 400, '/'],
    ['one of another scheme', `GET x://[/?token=1 HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 400, '/'],
    [
      'an expectation',
      `POST /api/login HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n${CLOSE}\r\n`,
      417,
      '/api/login',
    ],
    ['a star', `GET * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 404, '*'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501, '/'],
    ['no HTTP', 'no HTTP\r\n\r\n', 400, '/'],
    [
      'another length than chunks',
      'POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: tea\r\n\r\n',
      400,
      '/api/login',
    ],
  ])('is told by problem details with a request id: %s', async (_, bytes, status, instance) => {
    const received = await exchange(bytes);
    expect(statuses(received)).toEqual([status]);
    const [head = '', body = ''] = received.split('\r\n\r\n');
    expect(head).toMatch(/^Content-Type: application\/problem\+json$/im);
    const problem = JSON.parse(body) as { request_id: string };
    expect(problem).toMatchObject({
      type: 'about:blank',
      status,
      instance,
      request_id: expect.stringMatching(UUID),
    });
    expect(head).toMatch(new RegExp(`^X-Request-Id: ${problem.request_id}$`, 'im'));
  });

  it('may have the whole address in its first line, or be of HTTP/1.0 without a Host', async () => {
    const whole = `GET http://a/api/health/live HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`;
    expect(statuses(await exchange(whole))).toEqual([200]);
    expect(statuses(await exchange('GET /api/health/live HTTP/1.0\r\n\r\n'))).toEqual([200]);
  });

  const authorization = () => `Host: a\r\nAuthorization: ${ada.authorization.Authorization}\r\n`;
  function create(body: string, length = body.length): string {
    return `POST /api/audio-file HTTP/1.1\r\n${authorization()}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
  }

  it('is a create, and what follows it and is no HTTP is answered after it', async () => {
    const before = (await everyRow(app)).length;
    const received = await exchange(`${create('{"s3_key":"a"}')}no HTTP\r\n\r\n`);
    expect(statuses(received)).toEqual([201, 400]);
    expect(received).toMatch(/"s3_key":"a"[^]*application\/problem\+json[^]*\}$/);
    expect((await everyRow(app)).length).toBe(before + 1);
  });

  it('is an export, which is whole before anything else is answered', async () => {
    for (let i = 0; i < 20; i++) await createAudioFile(app, ada);
    const received = await exchange(`GET /api/user/export HTTP/1.1\r\n${authorization()}\r\nno HTTP\r\n\r\n`);
    expect(statuses(received)).toEqual([200, 400]);
    const [first = ''] = received.split('HTTP/1.1 400');
    expect(first.endsWith('0\r\n\r\n') || /\}\s*$/.test(first)).toBe(true);
  });

  it('is a create of which a part is garbage: not made, and answered behind those before it', async () => {
    const chunked = `POST /api/audio-file HTTP/1.1\r\n${authorization()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const before = (await everyRow(app)).length;
    const received = await exchange(
      `${create('{"s3_key":"b"}')}${chunked}e\r\n{"s3_key":"c"}\r\nno length\r\n`,
    );
    expect(statuses(received)).toEqual([201, 400]);
    expect((await everyRow(app)).length).toBe(before + 1);
  });

  it('is a body that never gets whole: the answer has the id, the path and the CORS headers of its request', async () => {
    const received = await exchange(
      `POST /api/login HTTP/1.1\r\nHost: a\r\nOrigin: ${ORIGIN}\r\nX-Request-Id: half-a-body\r\nContent-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n4\r\n{"em\r\nno length\r\n',
    );
    expect(statuses(received)).toEqual([400]);
    expect(received).toMatch(new RegExp(`^access-control-allow-origin: ${ORIGIN}$`, 'im'));
    expect(received.match(/^(content-length|x-request-id|connection|content-type):/gim)).toHaveLength(4);
    const [, body = ''] = received.split('\r\n\r\n');
    expect(JSON.parse(body)).toMatchObject({ instance: '/api/login', request_id: 'half-a-body' });
    const line = await findLogLine(app, ({ request_id }) => request_id === 'half-a-body');
    expect(line).toMatchObject({ msg: 'request', status: 400, route: '/api/login' });
  });

  it('is logged with the id of its answer where it is no request at all', async () => {
    const received = await exchange('no HTTP\r\n\r\n');
    const id = /^X-Request-Id: (.*)$/m.exec(received)?.[1]?.trim();
    const line = await findLogLine(app, ({ request_id }) => request_id === id);
    expect(line).toMatchObject({
      status: 400,
      address: expect.any(String),
      msg: 'The request is not valid HTTP',
    });
  });

  it('is cut off with CONNECT behind a request whose answer waits for room, which would wait for ever', async () => {
    const asset = 'GET /api/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n';
    const received = await exchange(`${asset}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(statuses(received).length).toBeLessThanOrEqual(1);
  });

  it('has one answer where the rest of an answered request is garbage', async () => {
    const received = await exchange(
      `POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\nno length\r\n`,
    );
    expect(statuses(received)).toEqual([415]);
  });
});
