import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ORIGIN = 'https://app.example.com';
const AT_ONCE = 24;

describe('a service that has too much to do', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ CORS_ORIGINS: ORIGIN, MAX_REQUESTS_IN_FLIGHT: '1' });
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const flood = <Answer>(ask: () => PromiseLike<Answer>) =>
    Promise.all(Array.from({ length: AT_ONCE }, async () => ask()));

  it('says so to web applications too, and answers their preflights', async () => {
    const [answers, preflights] = await Promise.all([
      flood(() => app.http.get('/api/user/audio-files').set(ada.authorization).set('Origin', ORIGIN)),
      flood(() =>
        app.http
          .options('/api/user/audio-files')
          .set({ Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' }),
      ),
    ]);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of [...refused, ...preflights]) {
      expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    }
    expect(refused[0]?.headers['access-control-expose-headers']).toMatch(/\bRetry-After\b/);
    expect(new Set(preflights.map(({ status }) => status))).toEqual(new Set([204]));
  });
});
