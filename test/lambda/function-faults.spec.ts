import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { freePort } from '../../scripts/local-engines/ready.js';
import { startSilentProxy } from '../../scripts/lambda/silent-proxy.js';
import { engine } from '../support/engine.js';
import { until } from './support/emulator.js';
import { putRecords, serveFunction } from './support/function.js';

const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' };

describe('the function', () => {
  it('starts without its database, answers 503, and serves when that is there', async () => {
    const { url, coldStarts } = await serveFunction({
      DYNAMODB_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      DATABASE_BUDGET_MS: '300',
    });
    const http = supertest(url);
    const { body, headers } = await http.post('/api/login').send(ACCOUNT).expect(503);
    expect(body.status).toBe(503);
    expect(headers['retry-after']).toBeDefined();
    await http.get('/api/health').expect(503);
    await http.get('/api/health/live').expect(200);
    expect(coldStarts).toHaveLength(1);
  });

  it('says in a line each what is wrong with its configuration', async () => {
    const { url, lines } = await serveFunction({ SECRET_KEY: 'short', NODE_ENV: 'production', PORT: 'x' });
    expect((await fetch(`${url}/api/health/live`)).status).toBe(502);
    const text = lines.join('\n');
    expect(text).toMatch(/^SECRET_KEY must /m);
    expect(text).toMatch(/^PORT must be a whole number/m);
  });

  it('answers 503 where the database goes away in the middle of an answer that is not streamed', async () => {
    const { hostname, port } = new URL(engine().endpoint);
    const proxy = await startSilentProxy({ host: hostname, port: Number(port) });
    const service = await serveFunction({ DYNAMODB_ENDPOINT: proxy.url, DATABASE_BUDGET_MS: '500' });
    const http = supertest(service.url);
    const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
    await putRecords(service, body.user_id as string, 3000);
    const exported = http.get('/api/user/export').set('Authorization', `Bearer ${body.token}`);
    const answer = exported.then((response) => response);
    await until(() => service.environments[0]?.state === 'busy');
    await sleep(150);
    await proxy.close();
    const { status, headers, body: problem } = await answer;
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('1');
    expect(problem).toMatchObject({ status: 503, request_id: headers['x-request-id'] });
    expect(service.logs().map(({ msg }) => msg)).toContain('an answer broke off and was not sent');
  });

  it('loses nothing but the request when an environment is killed in the middle', async () => {
    const service = await serveFunction();
    const http = supertest(service.url);
    await http.post('/api/register').send(ACCOUNT).expect(201);
    const headers = { 'content-type': 'application/json' };
    const login = { method: 'POST', body: JSON.stringify(ACCOUNT), headers };
    const lost = fetch(`${service.url}/api/login`, login).then(({ status }) => status);
    await until(() => service.environments[0]?.state === 'busy');
    process.kill(service.environments[0]?.pid ?? 0, 'SIGKILL');
    expect(await lost).toBe(502);
    await http.post('/api/login').send(ACCOUNT).expect(200);
  });
});
