import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CostlyReads } from '../../src/limits/costly-reads.js';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { documentedOperations } from '../support/documented-paths.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';
/** All that cost much more to answer than to ask for. */
const COSTLY = [
  ['GET', '/api/user/export'],
  ['GET', '/api/user/sessions'],
  ['GET', '/api/user/usage'],
  ['GET', '/api/presigned-url?key=a'],
  ['GET', `${LIST}?q=monday`],
  ['GET', `${LIST}?status=ready&limit=1`],
  ['POST', `${LIST}/batch-get`],
] as const;

describe('costly reads', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ MAX_COSTLY_READS_OF_USER: '1', MAX_COSTLY_READS: '2' });
    ada = await registerAccount(app);
    await createAudioFile(app, ada);
  });

  afterAll(() => app.close());

  const ask = (method: string, path: string) =>
    method === 'GET'
      ? app.http.get(path).set(ada.authorization)
      : app.http
          .post(path)
          .set(ada.authorization)
          .send({ file_ids: ['a'] });
  const begin = (userId: string) => app.app.get(CostlyReads).begin(userId);

  it.each(COSTLY)('are few at once of one user: %s %s', async (method, path) => {
    const end = begin(ada.userId);
    const refused = await ask(method, path);
    end();
    expectProblem(refused, { status: 429, detail: 'Too many requests', instance: path.split('?')[0] ?? '' });
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"costly-reads-at-once";q=1;w=1',
      ratelimit: '"costly-reads-at-once";r=0;t=1',
    });
    // Each gives its place back, whatever the answer.
    for (let i = 0; i < 3; i++) expect([200, 403]).toContain((await ask(method, path)).status);
  });

  it.each(COSTLY)('are bounded in all, with 503: %s %s', async (method, path) => {
    const ends = [begin('eve'), begin('bob')];
    const refused = await ask(method, path);
    for (const end of ends) end();
    expectProblem(refused, {
      status: 503,
      detail: 'The service is busy',
      instance: path.split('?')[0] ?? '',
    });
    expect(refused.headers['retry-after']).toBe('1');
    expect([200, 403]).toContain((await ask(method, path)).status);
  });

  it.each([['?limit=100'], ['?order=oldest&uploaded_from=2020-01-01T00:00:00Z'], ['']])(
    'are not lists without a filter: %s',
    async (query) => {
      const end = begin(ada.userId);
      await ask('GET', LIST + query).expect(200);
      end();
    },
  );

  it('are limited by the minute together, but for those with a limit of their own', async () => {
    const limited = await startTestApp(
      { RATE_LIMIT: 'on', RATE_LIMIT_COSTLY_READ: '3', RATE_LIMIT_USAGE: '2' },
      app,
    );
    try {
      const get = (path: string) => limited.http.get(path).set(ada.authorization);
      for (const left of [2, 1, 0]) {
        const path = ['/api/user/export', `${LIST}?tag=a`, '/api/user/sessions'][left] ?? '';
        const { headers } = await get(path).expect(200);
        expect(headers['ratelimit']).toMatch(new RegExp(`^"costly-read";r=${left};t=`));
      }
      await get('/api/user/sessions').expect(429);
      await get('/api/presigned-url?key=a').expect(429);
      await get(LIST).expect(200);
      const { headers } = await get('/api/user/usage').expect(200);
      expect(headers['ratelimit-policy']).toBe('"usage";q=2;w=60');
    } finally {
      await limited.close();
    }
  });

  it('are documented as such', async () => {
    const operations = await documentedOperations(app);
    for (const [method, path] of COSTLY) {
      const template = path.split('?')[0];
      const found = operations.find((one) => one.method === method && one.template === template);
      expect({ path, statuses: Object.keys(found?.operation.responses ?? {}) }).toEqual({
        path,
        statuses: expect.arrayContaining(['429', '503']),
      });
    }
  });
});
