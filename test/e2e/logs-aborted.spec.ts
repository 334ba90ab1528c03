import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { aroundCalls } from '../support/database-calls.js';
import { findLogLine } from '../support/log-lines.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';

describe('the log line of a request whose client left', () => {
  let app: TestApp;
  let account: Account;
  let onQuery: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    app = await startTestApp();
    account = await registerAccount(app);
    aroundCalls(app, async ({ command, input }, send) => {
      if (command === 'QueryCommand') await onQuery?.();
      return send(input);
    });
  });

  afterAll(() => app.close());

  it('has status 499 where there was no answer yet', async () => {
    const [id, leaving] = [randomUUID(), new AbortController()];
    let goOn = () => undefined as void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    onQuery = () => {
      leaving.abort();
      return held;
    };
    const headers = { ...account.authorization, 'X-Request-Id': id };
    await expect(fetch(app.url + LIST, { headers, signal: leaving.signal })).rejects.toThrow('aborted');
    const line = await findLogLine(app, ({ msg, request_id }) => msg === 'request' && request_id === id);
    expect(line).toMatchObject({ status: 499, aborted: true, route: LIST, user_id: account.userId });
    goOn();
  });
});
