import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { type SilentProxy, startSilentProxy } from '../../scripts/lambda/silent-proxy.js';
import { freePort } from '../../scripts/local-engines/ready.js';
import { engine } from '../support/engine.js';
import { until } from './support/emulator.js';
import { serveFunction } from './support/function.js';

const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' };
const HOUR_MS = 3_600_000;

describe('a function that was frozen for hours', () => {
  let proxy: SilentProxy;

  beforeEach(async () => {
    const { hostname, port } = new URL(engine().endpoint);
    proxy = await startSilentProxy({ host: hostname, port: Number(port) });
  });

  afterEach(async () => {
    await proxy.close();
  });

  it.each([true, false])(
    'uses no connection that has died meanwhile (monotonic clock goes on: %s)',
    async (monotonic) => {
      const service = await serveFunction(
        { DYNAMODB_ENDPOINT: proxy.url, DATABASE_BUDGET_MS: '1500' },
        { clock: true },
      );
      const http = supertest(service.url);
      const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
      await until(() => service.environments[0]?.state === 'frozen');
      proxy.dropSilently();
      service.advanceClock(HOUR_MS, { monotonic });
      const before = performance.now();
      await http.get('/api/user').set('Authorization', `Bearer ${body.token}`).expect(200);
      expect(proxy.connections).toBeGreaterThan(0);
      // One try of three fifths of the budget on the dead connection would be 900 ms.
      expect(performance.now() - before).toBeLessThan(900);
    },
  );

  it.each([true, false])(
    'asks anew whether a session has ended (monotonic clock goes on: %s)',
    async (monotonic) => {
      const service = await serveFunction({}, { clock: true, concurrency: 2 });
      const http = supertest(service.url);
      const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
      const authorization = `Bearer ${body.token}`;
      const list = () => http.get('/api/user/audio-files').set('Authorization', authorization);
      // Two at once are in two service.environments, both of which know the session from now on.
      await Promise.all([list(), list(), list()].slice(0, 2));
      expect(service.environments).toHaveLength(2);
      await http.post('/api/logout').set('Authorization', authorization).expect(200);
      service.advanceClock(HOUR_MS, { monotonic });
      const answers = await Promise.all([list(), list()]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    },
  );

  it.each([true, false])('asks a database that is back (monotonic clock goes on: %s)', async (monotonic) => {
    const service = await serveFunction(
      {
        DYNAMODB_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
        ...{ DATABASE_BUDGET_MS: '300', CIRCUIT_PAUSE_MS: '60000' },
      },
      { clock: true },
    );
    const http = supertest(service.url);
    const login = () => http.post('/api/login').send(ACCOUNT);
    for (let n = 0; n < 5; n++) await login().expect(503);
    const asked = () =>
      service.logs().filter(({ err }) => JSON.stringify(err ?? '').includes('ECONNREFUSED')).length;
    const before = asked();
    await login().expect(503);
    expect(asked()).toBe(before);
    service.advanceClock(HOUR_MS, { monotonic });
    await login().expect(503);
    expect(asked()).toBeGreaterThan(before);
  });

  it('is not overloaded, and its log lines are written before it is frozen again', async () => {
    // The tests turn it off by a value; here the default counts.
    const service = await serveFunction({ MAX_EVENT_LOOP_LAG_MS: '' }, { clock: true });
    const http = supertest(service.url);
    for (let n = 1; n <= 3; n++) {
      await http.get('/api/nowhere').expect(404);
      expect(service.logs().filter(({ msg }) => msg === 'request')).toHaveLength(n);
      service.advanceClock(HOUR_MS, { monotonic: n !== 2 });
    }
  });
});
