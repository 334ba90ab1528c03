import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files/batch-create';
const FILES = 3;

interface Outcome {
  status: number;
  audio_file?: { file_id: string };
}

describe('batch-create of many items with one client_id', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, MAX_FILES_PER_USER: String(FILES) });
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
    await app.http.get('/api/user/audio-files').set(ada.authorization).expect(200);
    stub.behave(() => 'forward');
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const post = (items: object[]) => app.http.post(PATH).set(ada.authorization).send({ items });
  async function create(items: object[]): Promise<Outcome[]> {
    const { body } = await post(items).expect(200);
    return (body as { results: Outcome[] }).results;
  }
  const same = (count: number, s3_key = 'a') =>
    Array.from({ length: count }, () => ({ s3_key, client_id: 'c' }));
  const statuses = (outcomes: Outcome[]) => outcomes.map(({ status }) => status);
  const stored = async () => (await rowsOf(app, ada.userId)).audioFiles.map((row) => row['s3_key']);
  const writes = () => stub.calls.filter((operation) => operation === 'PutItem').length;

  it('asks the database once, whatever their number', async () => {
    const outcomes = await create(same(100));
    expect(statuses(outcomes)).toEqual([201, ...Array<number>(99).fill(200)]);
    expect(new Set(outcomes.map(({ audio_file }) => audio_file?.file_id)).size).toBe(1);
    expect(writes()).toBe(1);
    expect(await stored()).toEqual(['a']);
  });

  it('knows again what an earlier request made, among other contents too', async () => {
    await create(same(1, 'a'));
    stub.behave(() => 'forward');
    const outcomes = await create([...same(50, 'b'), ...same(2, 'a'), ...same(1, 'c')]);
    expect(statuses(outcomes)).toEqual([...Array<number>(50).fill(422), 200, 200, 422]);
    expect(writes()).toBe(1);
    expect(await stored()).toEqual(['a']);
  });

  it('answers 503 for all of them where the database cannot serve, after one try', async () => {
    stub.behave(({ operation }) =>
      operation === 'PutItem' ? dynamoDbError(400, 'ThrottlingException') : 'forward',
    );
    expect(statuses(await create([...same(50), ...same(50, 'b')]))).toEqual(Array<number>(100).fill(503));
    // The SDK tries twice.
    expect(writes()).toBe(2);
  });

  it('goes on with another content where the first is not acceptable', async () => {
    const foreign = 'audio_upload/5f0c7a52-0000-4000-8000-000000000000/a.wav';
    const outcomes = await create([...same(2, foreign), ...same(2, 'b')]);
    expect(statuses(outcomes)).toEqual([403, 403, 201, 200]);
    expect(await stored()).toEqual(['b']);
  });
});

describe('a batch-create that ends with a defect', () => {
  it.each(['BatchWriteItem', 'PutItem'])('of %s gives the places of its records back', async (failing) => {
    const stub = await startDatabaseStub();
    const app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, MAX_FILES_PER_USER: String(FILES) });
    try {
      const { authorization, userId } = await registerAccount(app);
      const more = failing === 'PutItem' ? { client_id: 'c' } : {};
      const items = Array.from({ length: FILES }, (_, n) => ({
        s3_key: `${n}`,
        ...(failing === 'PutItem' && { client_id: `c${n}` }),
      }));
      stub.behave(({ operation }) =>
        operation === failing ? dynamoDbError(400, 'ValidationException') : 'forward',
      );
      const batch = (sent: object[]) => app.http.post(PATH).set(authorization).send({ items: sent });
      for (let round = 0; round < 3; round++) await batch(items).expect(500);
      stub.behave(() => 'forward');
      const { body } = await batch(items).expect(200);
      expect((body as { results: Outcome[] }).results.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect((await rowsOf(app, userId)).audioFiles).toHaveLength(FILES);
      const { body: over } = await batch([{ s3_key: 'over', ...more, client_id: 'over' }]).expect(200);
      expect((over as { results: Outcome[] }).results.map(({ status }) => status)).toEqual([403]);
    } finally {
      await app.close();
      await stub.close();
    }
  });
});
