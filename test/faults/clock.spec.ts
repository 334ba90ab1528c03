import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { craftToken, decodeToken } from '../support/crafted-tokens.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { report } from './support/report.js';
import { createTables, SECRET_KEY, type Service, startService, type Tables } from './support/service.js';

const MINUTE = 60;

describe('tokens of an instance whose clock is ahead', () => {
  let tables: Tables;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
    service = await startService(tables);
    ada = await registerAccount(service);
  });

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  /** The status of a request with Ada's token as an instance would have issued it whose clock is that far ahead. */
  async function statusAhead(ahead: number, key = SECRET_KEY): Promise<number> {
    const { claims, header } = decodeToken(ada.token);
    const now = Math.floor(Date.now() / 1000);
    const life = Number(claims['exp']) - Number(claims['iat']);
    const token = craftToken({ ...claims, iat: now + ahead, exp: now + ahead + life }, key, header as object);
    return (await service.http.get('/api/user').set('Authorization', `Bearer ${token}`)).status;
  }

  it('work a minute ahead, and not ten', async () => {
    const ahead = [0, MINUTE, 10 * MINUTE];
    const statuses: number[] = [];
    for (const time of ahead) statuses.push(await statusAhead(time));
    expect(statuses).toEqual([200, 200, 401]);
    // The one that was refused has not ended anything.
    expect(await statusAhead(0)).toBe(200);
    expect(await statusAhead(MINUTE, SECRET_KEY.toUpperCase())).toBe(401);
    report('clock', `issued now ${statuses[0]}, 60 s ahead ${statuses[1]}, 10 min ahead ${statuses[2]}`);
  });
});
