import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TableNames } from '../../src/config/table-names.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { type LogLine, startTestApp, type TestApp } from '../support/test-app.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';
import { createUpload } from '../support/uploads.js';

const UNAVAILABLE = 'The service is temporarily unavailable';

/** Applications of a deployment in which something is missing, on the real engine and the real stand-in for S3. */
describe('a deployment', () => {
  let whole: TestApp;
  let ada: Account;
  const apps: TestApp[] = [];

  beforeAll(async () => {
    whole = await startTestApp();
    ada = await registerAccount(whole);
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await whole.close();
  });

  /** The same deployment, but for this. */
  async function startFaulty(environment: Record<string, string>, tables: Partial<TableNames> = {}) {
    const config = { ...whole.config, tables: { ...whole.config.tables, ...tables } };
    const app = await startTestApp(environment, { config });
    apps.push(app);
    return app;
  }

  const faultsOf = (app: TestApp): LogLine[] => app.logs.filter(({ err }) => err !== undefined);
  const list = (app: TestApp) => app.http.get('/api/user/audio-files').set(ada.authorization);

  it('without a table answers 503, and its log names the table and what to do', async () => {
    const audioFiles = `absent-${randomUUID()}`;
    const app = await startFaulty({}, { audioFiles });
    const answer = await list(app);
    expectProblem(answer, { status: 503, detail: UNAVAILABLE, instance: '/api/user/audio-files' });
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.text).not.toContain('absent');
    expect(faultsOf(app)).toEqual([
      expect.objectContaining({
        ...{ level: 'error', service: 'DynamoDB', operation: 'Query', table: audioFiles },
        ...{ region: app.config.aws.region, endpoint: app.config.database.endpoint },
        msg: 'a table is missing: run npm run tables, or correct its name or REGION_NAME',
      }),
    ]);
    await app.http.get('/api/health').expect(503);
    expect(faultsOf(app).at(-1)).toMatchObject({
      ...{ msg: 'the database does not serve', table: audioFiles },
      remedy: expect.stringContaining('npm run tables'),
    });
  });

  it('whose table has no index answers 503, and its log says how to see what differs', async () => {
    const client = testClient(testConfig());
    const audioFiles = `bare-${randomUUID()}`;
    await client.send(
      new CreateTableCommand({
        TableName: audioFiles,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'file_id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'file_id', KeyType: 'HASH' }],
      }),
    );
    try {
      const app = await startFaulty({}, { audioFiles });
      await list(app).expect(503);
      expect(faultsOf(app)).toEqual([
        expect.objectContaining({
          ...{ level: 'error', operation: 'Query', table: audioFiles },
          msg: 'a table is not as the service needs it: npm run tables tells what differs',
        }),
      ]);
    } finally {
      await client.send(new DeleteTableCommand({ TableName: audioFiles }));
      client.destroy();
    }
  });

  it('whose tables are mixed up answers 503 and not 500', async () => {
    const client = testClient(testConfig());
    const { tables } = testConfig();
    await createTestTables(client, tables);
    try {
      const app = await startFaulty({}, { audioFiles: tables.users });
      await app.http.get(`/api/audio-file/${randomUUID()}`).set(ada.authorization).expect(503);
      expect(faultsOf(app)[0]).toMatchObject({ level: 'error', table: tables.users });
    } finally {
      await deleteTestTables(client, tables);
      client.destroy();
    }
  });

  it('without its bucket answers 503, and its log names the bucket and what to do', async () => {
    const app = await startFaulty({ AWS_S3_BUCKET_NAME: 'no-such-bucket' });
    const { file_id: fileId } = await createUpload(whole, ada);
    const answer = await app.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization);
    expectProblem(answer, {
      status: 503,
      detail: UNAVAILABLE,
      instance: `/api/audio-file/${fileId}/complete`,
    });
    expect(answer.headers['retry-after']).toBe('2');
    expect(faultsOf(app)).toEqual([
      expect.objectContaining({
        ...{ level: 'error', service: 'S3', operation: 'HeadObject', bucket: 'no-such-bucket' },
        ...{ region: app.config.aws.region, endpoint: app.config.storage.endpoint },
        msg: expect.stringMatching(/^the bucket is missing: correct AWS_S3_BUCKET_NAME/),
      }),
    ]);
  });
});
