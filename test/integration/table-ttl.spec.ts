import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TableNames } from '../../src/config/table-names.js';
import { TableCreator, TableMismatchError } from '../../src/database/table-creator.js';
import { tableDefinitions } from '../../src/database/tables.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { deleteTestTables, testClient, testConfig, testTableNames } from '../support/test-tables.js';

describe('TableCreator, on the time to live of sessions', () => {
  let client: DynamoDBClient;
  let stub: DatabaseStub;
  let creator: TableCreator;
  let names: TableNames;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    client = testClient(testConfig({ DYNAMODB_ENDPOINT: stub.endpoint }));
    creator = new TableCreator(client);
  });

  afterAll(async () => {
    client.destroy();
    await stub.close();
  });

  beforeEach(() => {
    names = testTableNames();
    stub.behave(() => 'forward');
  });

  afterEach(async () => {
    stub.behave(() => 'forward');
    await deleteTestTables(client, names);
  });

  const ensure = () => creator.ensure(tableDefinitions(names));

  async function timeToLive(table: string): Promise<[string | undefined, string | undefined]> {
    const { TimeToLiveDescription: found } = await client.send(
      new DescribeTimeToLiveCommand({ TableName: table }),
    );
    return [found?.TimeToLiveStatus?.replace('ENABLING', 'ENABLED'), found?.AttributeName];
  }

  /** The table of sessions as it is where it was made and nothing more. */
  async function createSessionsTable(): Promise<void> {
    await client.send(
      new CreateTableCommand({
        TableName: names.sessions,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'session_id', AttributeType: 'S' },
          { AttributeName: 'user_id', AttributeType: 'S' },
          { AttributeName: 'created_at', AttributeType: 'N' },
        ],
        KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'user-sessions-index',
            KeySchema: [
              { AttributeName: 'user_id', KeyType: 'HASH' },
              { AttributeName: 'created_at', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      }),
    );
    await waitUntilTableExists(
      { client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
      { TableName: names.sessions },
    );
  }

  it('lets sessions expire, and nothing else', async () => {
    await ensure();
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'expires_at']);
    expect((await timeToLive(names.users))[0]).toBe('DISABLED');
    expect((await timeToLive(names.audioFiles))[0]).toBe('DISABLED');
  });

  it('changes nothing where it is on', async () => {
    await ensure();
    stub.behave(() => 'forward');
    await ensure();
    expect(stub.calls).not.toContain('UpdateTimeToLive');
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'expires_at']);
  });

  it('turns it on where the table was made by a process that died before it did', async () => {
    await createSessionsTable();
    expect((await timeToLive(names.sessions))[0]).toBe('DISABLED');
    expect(await ensure()).toContainEqual({
      ...{ table: names.sessions, created: false, expiryEnabled: true },
    });
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'expires_at']);
  });

  it('turns it on in the next run where the first one failed to', async () => {
    stub.behave(({ operation }) =>
      operation === 'UpdateTimeToLive' ? dynamoDbError(400, 'AccessDeniedException') : 'forward',
    );
    await expect(ensure()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    stub.behave(() => 'forward');
    await ensure();
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'expires_at']);
  });

  it('refuses a table whose rows expire by another attribute, and changes and makes nothing', async () => {
    await createSessionsTable();
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName: names.sessions,
        TimeToLiveSpecification: { AttributeName: 'ends_at', Enabled: true },
      }),
    );
    stub.behave(() => 'forward');
    const error = await ensure().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TableMismatchError);
    expect(error).toMatchObject({
      table: names.sessions,
      differences: ['time to live is on ends_at, must be on expires_at'],
    });
    expect(stub.calls).not.toContain('CreateTable');
    expect(stub.calls).not.toContain('UpdateTimeToLive');
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'ends_at']);
    // For the end of the test, which deletes all of them.
    await creator.ensure(tableDefinitions(names).filter(({ name }) => name !== names.sessions));
  });

  it('is content where somebody else turned it on in the meantime', async () => {
    const direct = testClient(testConfig());
    stub.behave(async ({ operation, input }) => {
      const isOfSessions = input['TableName'] === names.sessions;
      if (operation !== 'UpdateTimeToLive' || !isOfSessions) return 'forward';
      await direct.send(
        new UpdateTimeToLiveCommand({
          TableName: names.sessions,
          TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
        }),
      );
      return dynamoDbError(400, 'ValidationException', { message: 'TimeToLive is already enabled' });
    });
    expect(await ensure()).toHaveLength(4);
    direct.destroy();
  });

  it('may be turned on by many at once', async () => {
    await Promise.all(Array.from({ length: 4 }, ensure));
    expect(await timeToLive(names.sessions)).toEqual(['ENABLED', 'expires_at']);
  });
});
