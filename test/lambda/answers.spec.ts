import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { exists, json, raw, serve, serveStream, until } from './support/emulator.js';

const FAILED = 'Internal Server Error';

describe('a buffered answer', () => {
  it('has the headers of the function, those of the gateway under another name', async () => {
    const { url } = await serve();
    const answer = await raw(url, 'GET /headers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [head = '', body] = answer.split('\r\n\r\n');
    expect(head).toContain('HTTP/1.1 401');
    expect(head).toContain('x-amzn-Remapped-WWW-Authenticate: Bearer');
    expect(head).not.toContain('\nWWW-Authenticate');
    expect(head).toContain('x-amzn-Remapped-Server: own');
    expect(head).toContain('X-Own: kept');
    expect(head).toContain('Set-Cookie: a=1; Secure\r\nSet-Cookie: b=2');
    expect(head).toContain('Content-Length: 2');
    expect(head).toContain('Content-Type: application/json');
    expect(body).toBe('no');
  });

  it('without a status is the body itself', async () => {
    const { url } = await serve();
    expect(await json(`${url}/bare`)).toEqual({ a: 1 });
    const response = await fetch(`${url}/text`);
    expect([response.status, await response.text()]).toEqual([200, '"Hello"']);
  });

  it('is binary where it says so', async () => {
    const { url } = await serve();
    const bytes = new Uint8Array(await (await fetch(`${url}/binary`)).arrayBuffer());
    expect([...bytes]).toEqual([0, 255, 1, 254]);
  });

  it.each([
    ['function-url', 502, FAILED],
    ['http-api', 500, `{"message":"${FAILED}"}`],
  ] as const)(
    'of a function behind %s that fails is %d, and the next one is right',
    async (front, status, body) => {
      const { url, lines } = await serve({ front });
      for (const path of ['/throw', '/bad-status', '/crash', '/reject', '/exit']) {
        const response = await fetch(url + path);
        expect([path, response.status, await response.text()]).toEqual([path, status, body]);
        expect((await fetch(`${url}/event`)).status).toBe(200);
      }
      expect(lines.join('\n')).toMatch(/Invoke Error.*thrown on purpose/);
      expect(lines.join('\n')).toMatch(/Uncaught Exception.*uncaught on purpose/);
      expect(lines.join('\n')).toMatch(/Unhandled Promise Rejection.*rejected on purpose/);
      expect(lines.join('\n')).toMatch(/Runtime exited with error: exit status 3/);
    },
  );

  it('has at most 6,291,556 bytes of JSON', async () => {
    const { url, lines } = await serve({ concurrency: 1 });
    const largest = await fetch(`${url}/payload?bytes=6291556`);
    expect(largest.status).toBe(200);
    expect((await largest.text()).length).toBe(6_291_528);
    const { pid } = await json<{ pid: number }>(`${url}/process`);
    const tooLarge = await fetch(`${url}/payload?bytes=6291557`);
    expect([tooLarge.status, await tooLarge.text()]).toEqual([502, FAILED]);
    // The runtime goes on in the same process.
    expect(await json(`${url}/process`)).toMatchObject({ pid });
    expect(lines.join('\n')).toContain(
      'LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.',
    );
  });

  it('is not there for a request whose event has more than 6,291,456 bytes', async () => {
    const { url, lines } = await serve();
    const post = async (bytes: number): Promise<Response> =>
      fetch(`${url}/text`, {
        method: 'POST',
        body: 'x'.repeat(bytes),
        headers: { 'Content-Type': 'text/plain' },
      });
    expect((await post(6_289_000)).status).toBe(200);
    for (const bytes of [6_291_000, 20_000_000]) {
      const response = await post(bytes);
      expect(response.status).toBe(413);
      expect(response.headers.get('x-amzn-errortype')).toBe('RequestEntityTooLargeException');
      expect(await response.json()).toEqual({
        Message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
      });
    }
    expect(lines.filter((line) => line.startsWith('START'))).toHaveLength(1);
  });

  it('of a handler that streams is no HTTP response', async () => {
    const { url } = await serveStream({ mode: 'buffered' });
    expect((await fetch(`${url}/event`)).status).toBe(502);
  });
});

describe('a streamed answer', () => {
  it('has status, headers and cookies of its prelude and comes as it is written', async () => {
    const { url } = await serveStream();
    await fetch(`${url}/event`);
    const response = await fetch(`${url}/parts`);
    const begun = performance.now();
    expect(response.status).toBe(201);
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
    expect(response.headers.getSetCookie()).toEqual(['a=1']);
    expect(await response.text()).toBe('first,second');
    // The second part is written 300 ms later.
    expect(performance.now() - begun).toBeGreaterThan(150);
  });

  it('without a prelude has the content type that was set', async () => {
    const { url } = await serveStream();
    const response = await fetch(`${url}/plain`);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/csv',
      'a,b',
    ]);
  });

  it('may be larger than 6 MB', async () => {
    const { url } = await serveStream();
    const response = await fetch(`${url}/large?bytes=20000000`);
    expect((await response.arrayBuffer()).byteLength).toBe(20_000_000);
  });

  it('is produced no faster than the client reads', async () => {
    const { url, lines } = await serveStream();
    const response = await fetch(`${url}/large?bytes=50000000`);
    await sleep(1_000);
    // What lies in buffers on the way is a few MB; a line is logged for each MB that was written.
    expect(lines.filter((line) => line.endsWith('MB')).length).toBeLessThan(20);
    expect((await response.arrayBuffer()).byteLength).toBe(50_000_000);
  });

  it('goes on in the function when the client leaves', async () => {
    const { url, lines } = await serveStream({ concurrency: 1 });
    const controller = new AbortController();
    await fetch(`${url}/large?bytes=50000000`, { signal: controller.signal });
    controller.abort();
    await until(() => lines.some((line) => line.startsWith('END')));
    await expect(json(`${url}/written`)).resolves.toBe(50_000_000);
  });

  it('whose prelude was never written is a 502: an end alone does not send it', async () => {
    const { url } = await serveStream();
    expect((await fetch(`${url}/no-write`)).status).toBe(502);
    expect((await fetch(`${url}/empty`)).status).toBe(204);
  });

  it('of a function that fails is a 502 before its first byte and is broken off after it', async () => {
    const { url, lines } = await serveStream();
    const response = await fetch(`${url}/throw`);
    expect([response.status, await response.text()]).toEqual([502, FAILED]);
    for (const path of ['/throw-later', '/exit-later']) {
      const begun = await fetch(url + path);
      expect(begun.status).toBe(200);
      await expect(begun.text()).rejects.toThrow('terminated');
    }
    expect((await fetch(`${url}/event`)).status).toBe(200);
    expect(lines.join('\n')).toContain('exit status 4');
  });

  it('is broken off when the time of the function is over', async () => {
    const emulator = await serveStream({ invokeTimeoutMs: 300 });
    const response = await fetch(`${emulator.url}/slow`);
    const pid = emulator.environments[0]?.pid ?? 0;
    await expect(response.text()).rejects.toThrow('terminated');
    await until(() => !exists(pid));
  });

  it('is the JSON as it is where the handler does not stream', async () => {
    const { url } = await serveStream({ exportName: 'handler' });
    expect(await json(`${url}/event`)).toEqual({ statusCode: 200, body: 'not streamed' });
  });

  it('is not possible for an HTTP API', async () => {
    await expect(serveStream({ front: 'http-api' })).rejects.toThrow('HTTP APIs cannot stream');
  });
});
