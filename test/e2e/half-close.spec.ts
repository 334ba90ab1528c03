import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('a client that ends its side of the connection behind its request', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  async function sendAndEnd(request: string): Promise<string> {
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.end(request);
    return text(socket);
  }
  const register = (more = '') => {
    const body = JSON.stringify({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });
    return (
      `POST /api/register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length + more.length}\r\n\r\n${body}`
    );
  };

  it('gets the answer to what was carried out, and then the end', async () => {
    const answer = await sendAndEnd(register());
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect(answer).toContain('"token"');
  });

  it('gets an answer to each of two requests', async () => {
    const answer = await sendAndEnd(register() + register());
    expect(answer.match(/HTTP\/1\.1 201 /g)).toHaveLength(2);
  });

  it('gets no account for half of a request, and is not waited for', async () => {
    const started = performance.now();
    expect(await sendAndEnd(register('more'))).not.toContain('HTTP/1.1 201');
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
