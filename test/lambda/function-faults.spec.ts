import { describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { freePort } from '../../scripts/local-engines/ready.js';
import { until } from './support/emulator.js';
import { serveFunction } from './support/function.js';

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
