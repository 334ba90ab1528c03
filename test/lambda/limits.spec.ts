import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { serveFunction } from './support/function.js';

const PASSWORD = 'correct horse battery';
const MINUTE_MS = 60_000;
/** What the requests of one test take at most. */
const NEEDED_MS = 20_000;

/** Windows begin with each minute: waits for the next one where too little is left of this one. */
async function untilThereIsTime(): Promise<void> {
  const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (leftMs < NEEDED_MS) await sleep(leftMs + 100);
}

describe('limits of a function', () => {
  it('are counted by all environments together, in the table', async () => {
    const service = await serveFunction(
      { RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '6' },
      { concurrency: 3, queueMs: 20_000 },
    );
    const http = supertest(service.url);
    const register = (n: number) =>
      http.post('/api/register').send({ email: `ada${n}@example.com`, password: PASSWORD });
    // So that all environments are there when the window begins.
    await Promise.all([1, 2, 3].map(() => http.get('/api/health').expect(200)));
    await untilThereIsTime();
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(register));
    expect(service.coldStarts).toHaveLength(3);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    const left = answers.map(({ headers }) => /r=(\d+);/.exec(String(headers['ratelimit']))?.[1]).sort();
    expect(left).toEqual(['0', '1', '2', '3', '4', '5']);
    for (const environment of [1, 2, 3]) {
      const { headers } = await register(10 + environment).expect(429);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    expect(service.logs().find(({ msg }) => msg === 'configuration')).toMatchObject({
      limits: `dynamodb table ${service.tables.limits}`,
    });
  }, 120_000);

  it('delay guesses in every environment, until the delay is over', async () => {
    const service = await serveFunction(
      { RATE_LIMIT: 'on', RATE_LIMIT_LOGIN: '1000', RATE_LIMIT_FAILURES_BY_ADDRESS: '3' },
      { concurrency: 2, queueMs: 20_000, clock: true },
    );
    const http = supertest(service.url);
    const email = 'ada@example.com';
    await http.post('/api/register').send({ email, password: PASSWORD }).expect(201);
    const login = (password: string) => http.post('/api/login').send({ email, password });
    for (let n = 0; n < 3; n++) await login('a wrong one').expect(401);
    await login('a wrong one').expect(429);
    // Both environments.
    const refused = await Promise.all([login(PASSWORD), login(PASSWORD)]);
    expect(refused.map(({ status }) => status)).toEqual([429, 429]);
    service.advanceClock(MINUTE_MS, { monotonic: false });
    const { body } = await login(PASSWORD).expect(200);
    expect(body.token).toEqual(expect.any(String));
  }, 60_000);
});
