import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { expectListRefused } from '../support/list-refusals.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files';
const FIRST = 1_758_762_381;
const CURSOR_RULE = 'must be one that a list came with';
const ORDERS = ['newest', 'oldest'] as const;
const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
const encoded = (text: string) => Buffer.from(text).toString('base64url');

describe('pages of a list', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const refuse = (query: string, field: string, message: string) =>
    expectListRefused(app, ada, { query, field, message });

  const cursor = encoded(`${FIRST}/c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10`);
  /** This parameter with each of these values, which are separated by bars. */
  const bad = (name: string, rule: string, values: string) =>
    values.split('|').map((value) => [`${name}=${value}`, name, `${name} ${rule}`] as const);

  it.each([
    ...bad('cursor', CURSOR_RULE, '|%20|garbage|%00|%F0%9F%92%9A|__proto__|null|undefined|&cursor='),
    ...bad('cursor', CURSOR_RULE, `${cursor}=|${cursor}%0A|+${cursor}|${cursor}&cursor=${cursor}`),
    ...bad('cursor', CURSOR_RULE, `${encoded(`${FIRST}`)}|${encoded('/c1b7d0c2')}|${'a'.repeat(300)}`),
    ...bad('limit', 'must be a whole number from 1 to 100', '|0|101|-1|1.5|+5|%20|all|5&limit=5|1&limit=2'),
    ...bad('order', 'must be one of newest, oldest', '|NEWEST|asc|newest%20|toString|newest&order=oldest'),
  ])('refuse ?%s', refuse);

  it.each(ORDERS)('refuse a cursor outside of the range of uploads, order %s', async (order) => {
    const [below, above] = [`uploaded_to=${iso(FIRST - 1)}`, `uploaded_from=${iso(FIRST + 1)}`];
    const message = 'cursor must be within uploaded_from and uploaded_to';
    for (const range of [below, above, `uploaded_from=${iso(FIRST - 9)}&${below}`]) {
      await refuse(`order=${order}&${range}&cursor=${cursor}`, 'cursor', message);
    }
  });

  it.each(ORDERS)(
    'take a cursor within the last second of the range, and refuse one beyond, order %s',
    async (order) => {
      const range = `order=${order}&uploaded_to=${iso(FIRST)}`;
      const at = (fraction: string) => encoded(`${FIRST}.${fraction}/c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10`);
      for (const fraction of ['5', '999999'])
        await app.http
          .get(`${PATH}?${range}&cursor=${at(fraction)}`)
          .set(ada.authorization)
          .expect(200);
      const message = 'cursor must be within uploaded_from and uploaded_to';
      await refuse(`${range}&cursor=${at('9999998')}`, 'cursor', message);
    },
  );

  it('are for nobody without a token, or with a bad one', async () => {
    const bad = { Authorization: `Bearer ${ada.token.slice(0, -4)}AAAA` };
    for (const header of [{}, bad]) {
      const answer = await app.http.get(`${PATH}?limit=1&cursor=${cursor}`).set(header);
      const detail = header === bad ? 'Token is invalid or expired' : 'Not authenticated';
      expectProblem(answer, { status: 401, detail, instance: PATH });
    }
  });
});
