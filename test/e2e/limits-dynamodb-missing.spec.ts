import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestTables, testClient, testConfig } from '../support/test-tables.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const AWAY = 'limits table is away; limits are counted by each instance, more tightly';

describe('a deployment without its table of limits', () => {
  let app: TestApp;
  const client = testClient(testConfig());

  beforeAll(async () => {
    app = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1', LIMIT_STORE: 'dynamodb' });
    await client.send(new DeleteTableCommand({ TableName: app.config.tables.limits }));
  });

  afterAll(async () => {
    await createTestTables(client, app.config.tables);
    await app.close();
    client.destroy();
  });

  it('serves, is ready, counts by itself at half of each quota, and says so once', async () => {
    const register = (i: number) =>
      app.http
        .post('/api/register')
        .set('X-Forwarded-For', '192.0.2.7')
        .send({ email: `user-${i}@example.com`, password: 'correct horse battery' });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await register(i)).status);

    expect(statuses).toEqual([201, 201, 429, 429, 429, 429]);
    await app.http.get('/api/health').expect(200);
    const notCounted = 'the limits table did not take a count; this instance counts it, more tightly';
    expect(app.logs.find(({ msg }) => msg === notCounted)).toMatchObject({ level: 'warn' });
    const away = app.logs.filter(({ msg }) => msg === AWAY);
    expect(away).toEqual([
      expect.objectContaining({
        level: 'error',
        table: app.config.tables.limits,
        operation: expect.any(String),
      }),
    ]);
    expect(app.logs.filter(({ level, msg }) => level === 'error' && msg !== AWAY)).toEqual([]);
  });
});
