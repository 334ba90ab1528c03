import { once } from 'node:events';
import { Agent, get, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { ActiveUsers } from './active-users.js';
import { serveMetrics } from './metrics-server.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

const TEXT = '# HELP up Whether it is up\n# TYPE up gauge\nup 1\n';

describe('serveMetrics', () => {
  let server: Server;
  let url: string;
  let text: () => Promise<string>;

  beforeEach(async () => {
    text = () => Promise.resolve(TEXT);
    const source = { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: () => text() };
    const { port, ...served } = await serveMetrics(source, '127.0.0.1', 0);
    server = served.server;
    url = `http://127.0.0.1:${port}`;
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it.each(['/metrics', '/metrics?name=up', '/metrics?'])('gives the text at %s', async (path) => {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe(TEXT);
  });

  it('gives no body to HEAD', async () => {
    const answer = await fetch(`${url}/metrics`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('is 405 for %s', async (method) => {
    const answer = await fetch(`${url}/metrics`, { method });
    expect([answer.status, await answer.text()]).toEqual([405, '']);
  });

  it.each(['/', '/metrics/', '/metrics/x', '/Metrics', '//metrics', '/api/health', '/%6detrics'])(
    'is 404 for %s, whatever the method',
    async (path) => {
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(url + path, { method });
        expect([answer.status, await answer.text()]).toEqual([404, '']);
      }
    },
  );

  it('is 500 without a word where the metrics cannot be had, and goes on', async () => {
    text = () => Promise.reject(new Error('redis://:secret@127.0.0.1'));
    const failed = await fetch(`${url}/metrics`);
    expect([failed.status, await failed.text()]).toEqual([500, '']);
    text = () => Promise.resolve(TEXT);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  it('survives a scraper that goes away before it has its answer', async () => {
    let give: (text: string) => void = () => undefined;
    text = () => new Promise((resolve) => (give = resolve));
    const agent = new Agent();
    const request = get(`${url}/metrics`, { agent });
    await once(server, 'request');
    request.once('error', () => undefined).destroy();
    agent.destroy();
    give(TEXT);
    text = () => Promise.resolve(TEXT);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  it('fails where the port is taken', async () => {
    const port = Number(new URL(url).port);
    const source = { contentType: 'text/plain', text: () => Promise.resolve('') };
    await expect(serveMetrics(source, '127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('serves the metrics of a process as Prometheus reads them', async () => {
    const metrics = new PrometheusMetrics(new ActiveUsers(undefined), { version: '1.2.3', node: 'v20.0.0' });
    text = () => metrics.registry.metrics();
    metrics.requestStarted();
    metrics.requestEnded('GET', '/api/audio-file/:file_id', 200, 12.5, 'ada');
    const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
    const labels = 'method="GET",route="/api/audio-file/:file_id",status="200"';
    expect(lines).toEqual(
      expect.arrayContaining([
        'build_info{version="1.2.3",node="v20.0.0"} 1',
        'active_users_today 1',
        'http_requests_in_flight 0',
        `http_request_duration_seconds_bucket{le="0.01",${labels}} 0`,
        `http_request_duration_seconds_bucket{le="0.025",${labels}} 1`,
        `http_request_duration_seconds_sum{${labels}} 0.0125`,
        `http_request_duration_seconds_count{${labels}} 1`,
      ]),
    );
    expect(lines.at(-1)).toBe('');
  });
});
