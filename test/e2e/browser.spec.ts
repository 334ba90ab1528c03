import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Account, registerAccount } from '../support/accounts.js';
import { describeWithBrowser, openBrowser, serveEmptyPage, type WebOrigin } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

interface Seen {
  status: number;
  /** Those that a script of another origin may read. */
  headers: Record<string, string>;
  text: string;
}

describeWithBrowser('a web application of another origin', () => {
  let web: WebOrigin;
  let browser: Browser;
  let page: Page;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    web = await serveEmptyPage();
    app = await startTestApp({ CORS_ORIGINS: web.origin, RATE_LIMIT: 'on', RATE_LIMIT_LOGIN: '3' });
    ada = await registerAccount(app);
    browser = await openBrowser();
    page = await browser.newPage();
    await page.goto(web.origin);
  });

  afterAll(async () => {
    await browser.close();
    await app.close();
    web.close();
  });

  /** `fetch` of the page. Rejects where the browser hides the answer. */
  const call = (url: string, options: Call = {}): Promise<Seen> =>
    page.evaluate(
      async ([address, init]) => {
        const answer = await fetch(address, init);
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          text: await answer.text(),
        };
      },
      [url, options] as const,
    );
  const api = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    call(app.url + path, {
      method,
      headers: { ...ada.authorization, ...(body && { 'Content-Type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  const json = ({ text }: Seen) => JSON.parse(text) as Record<string, unknown>;

  it('records, uploads, completes, plays, edits and deletes', async () => {
    const created = await api('POST', '/api/audio-file', {
      ...{ filename: 'take.webm', content_type: 'audio/webm', file_size: 3 },
    });
    expect(created).toMatchObject({
      status: 201,
      headers: { location: expect.any(String), 'x-request-id': expect.any(String) },
    });
    const record = json(created) as { file_id: string; upload: Call & { url: string } };
    const { url, method, headers } = record.upload;
    const uploaded = await call(url, {
      ...(method !== undefined && { method }),
      ...(headers && { headers }),
      body: 'abc',
    });
    expect(uploaded).toMatchObject({ status: 200, headers: { etag: expect.any(String) } });
    const path = `/api/audio-file/${record.file_id}`;
    expect((await api('POST', `${path}/complete`)).status).toBe(200);

    const read = await api('GET', path);
    const etag = read.headers['etag'] ?? '';
    expect(etag).not.toBe('');
    expect((await api('GET', path, undefined, { 'If-None-Match': etag })).status).toBe(304);
    const { url: download } = json(await api('GET', `${path}/download-url`));
    const played = await call(download as string, { headers: { Range: 'bytes=1-2' } });
    expect(played).toMatchObject({ status: 206, text: 'bc', headers: { 'content-range': 'bytes 1-2/3' } });

    expect((await api('PATCH', path, { title: 'A' }, { 'If-Match': etag })).status).toBe(200);
    const stale = await api('PATCH', path, { title: 'B' }, { 'If-Match': etag });
    expect(stale.status).toBe(412);
    expect(json(stale)).toMatchObject({ request_id: stale.headers['x-request-id'] });
    expect((await api('DELETE', path)).status).toBe(200);
    expect((await api('GET', path)).status).toBe(404);
  });

  it('reads the reason of a refused upload', async () => {
    const created = await api('POST', '/api/audio-file', {
      ...{ filename: 'take.webm', content_type: 'audio/webm', file_size: 3 },
    });
    const { upload } = json(created) as {
      upload: { url: string; method: string; headers: Record<string, string> };
    };
    const { url, method, headers } = upload;
    const refused = await call(url, {
      method,
      headers: { ...headers, 'Content-Type': 'text/html' },
      body: 'abc',
    });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('SignatureDoesNotMatch');
  });

  it('pages through a list and reads what is next', async () => {
    for (let n = 0; n < 3; n++) await api('POST', '/api/audio-file', { s3_key: `k/${n}` });
    const first = await api('GET', '/api/user/audio-files?limit=2');
    expect(JSON.parse(first.text)).toHaveLength(2);
    expect(first.headers['link']).toContain('rel="next"');
    const cursor = encodeURIComponent(first.headers['x-next-cursor'] ?? '');
    expect((await api('GET', `/api/user/audio-files?limit=2&cursor=${cursor}`)).status).toBe(200);
  });

  it.each([
    ['of a wrong token', 'GET', '/api/user', undefined, { Authorization: 'Bearer no' }, 401],
    ['of a wrong body', 'POST', '/api/audio-file', { title: 1 }, {}, 400],
    ['of a body that is too large', 'POST', '/api/audio-file', { title: 'a'.repeat(200_000) }, {}, 413],
    ['of an unknown path', 'GET', '/api/none', undefined, {}, 404],
    ['of a wrong method', 'PUT', '/api/register', {}, {}, 405],
  ] as const)('reads the problem %s', async (_what, method, path, body, headers, status) => {
    const answer = await api(method, path, body, headers);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } });
    expect(json(answer)).toMatchObject({ status, request_id: answer.headers['x-request-id'] });
    if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it('is told when to come again by limits', async () => {
    const login = { email: ada.email, password: 'wrong-password-1' };
    let answer: Seen | undefined;
    for (let n = 0; n < 30 && answer?.status !== 429; n++) answer = await api('POST', '/api/login', login);
    expect(answer?.status).toBe(429);
    expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('of an origin that is not listed is kept out', async () => {
    const other = await serveEmptyPage();
    const stranger = await browser.newPage();
    await stranger.goto(other.origin);
    const read = stranger.evaluate(async (url) => (await fetch(url)).status, `${app.url}/api/health`);
    await expect(read).rejects.toThrow('Failed to fetch');
    await stranger.close();
    other.close();
  });

  it('of documentation loads without an error or anything that its policy forbids', async () => {
    const docs = await browser.newPage();
    const problems: string[] = [];
    docs.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    docs.on('pageerror', (error) => problems.push(error.message));
    docs.on('requestfailed', (request) => problems.push(request.url()));
    await docs.goto(`${app.url}/api/docs`);
    await docs.getByText('/api/audio-file/{file_id}').first().waitFor();
    expect(problems).toEqual([]);
    await docs.close();
  });
});
