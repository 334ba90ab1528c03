import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TableNames } from '../../src/config/table-names.js';
import { TableCreator, TableMismatchError } from '../../src/database/table-creator.js';
import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import { testClient, testConfig, testTableNames } from '../support/test-tables.js';

describe('TableCreator', () => {
  let client: DynamoDBClient;
  let creator: TableCreator;
  let definitions: readonly TableDefinition[];
  let names: TableNames;
  let users: string;
  let audioFiles: string;

  beforeAll(() => {
    client = testClient(testConfig());
    creator = new TableCreator(client);
  });

  beforeEach(() => {
    names = testTableNames();
    ({ users, audioFiles } = names);
    definitions = tableDefinitions(names);
  });

  afterEach(async () => {
    for (const TableName of await existing()) await client.send(new DeleteTableCommand({ TableName }));
  });

  afterAll(() => client.destroy());

  /** Which of the tables of this test exist. */
  async function existing(): Promise<string[]> {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    return TableNames.filter((name) => Object.values(names).includes(name));
  }

  const all = () => Object.values<string>(names);

  async function described(TableName: string) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    return {
      status: Table?.TableStatus,
      billing: Table?.BillingModeSummary?.BillingMode,
      keys: Table?.KeySchema,
      attributes: Object.fromEntries(
        (Table?.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => [
          AttributeName,
          AttributeType,
        ]),
      ),
      indexes: Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
        name: IndexName,
        keys: KeySchema,
        projection: Projection?.ProjectionType,
      })),
    };
  }

  it('makes the tables of the contract, and waits until they can be used', async () => {
    expect(await creator.ensure(definitions)).toEqual(all().map((table) => ({ table, created: true })));
    expect(await described(users)).toEqual({
      status: 'ACTIVE',
      billing: 'PAY_PER_REQUEST',
      keys: [{ AttributeName: 'user_id', KeyType: 'HASH' }],
      attributes: { user_id: 'S', email: 'S' },
      indexes: [
        { name: 'email-index', keys: [{ AttributeName: 'email', KeyType: 'HASH' }], projection: 'ALL' },
      ],
    });
    expect(await described(audioFiles)).toEqual({
      status: 'ACTIVE',
      billing: 'PAY_PER_REQUEST',
      keys: [{ AttributeName: 'file_id', KeyType: 'HASH' }],
      attributes: { file_id: 'S', user_id: 'S', uploaded_at: 'N' },
      indexes: [
        {
          name: 'user-files-index',
          keys: [
            { AttributeName: 'user_id', KeyType: 'HASH' },
            { AttributeName: 'uploaded_at', KeyType: 'RANGE' },
          ],
          projection: 'ALL',
        },
      ],
    });
    expect(await described(names.sessions)).toEqual({
      status: 'ACTIVE',
      billing: 'PAY_PER_REQUEST',
      keys: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
      attributes: { session_id: 'S', user_id: 'S', created_at: 'N' },
      indexes: [
        {
          name: 'user-sessions-index',
          keys: [
            { AttributeName: 'user_id', KeyType: 'HASH' },
            { AttributeName: 'created_at', KeyType: 'RANGE' },
          ],
          projection: 'KEYS_ONLY',
        },
      ],
    });
  });

  it('leaves tables alone that are there and right', async () => {
    await creator.ensure(definitions);
    const before = await Promise.all(all().map(described));
    expect(await creator.ensure(definitions)).toEqual(all().map((table) => ({ table, created: false })));
    expect(await Promise.all(all().map(described))).toEqual(before);
  });

  it('makes only the tables that are missing', async () => {
    await creator.ensure(definitions.slice(0, 1));
    expect(await creator.ensure(definitions)).toEqual(
      all().map((table) => ({ table, created: table !== users })),
    );
  });

  it('may run many times at once', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => creator.ensure(definitions)));
    expect(results.flat().filter(({ created }) => created)).toHaveLength(all().length);
    expect((await existing()).sort()).toEqual(all().sort());
  });

  describe('with an audio-file table that is there and different', () => {
    const asDefined = (): CreateTableCommandInput => ({
      TableName: audioFiles,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'file_id', AttributeType: 'S' },
        { AttributeName: 'user_id', AttributeType: 'S' },
        { AttributeName: 'uploaded_at', AttributeType: 'N' },
      ],
      KeySchema: [{ AttributeName: 'file_id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [index()],
    });
    const index = (
      range = 'uploaded_at',
      projection: 'ALL' | 'KEYS_ONLY' = 'ALL',
      name = 'user-files-index',
    ) => ({
      IndexName: name,
      KeySchema: [
        { AttributeName: 'user_id', KeyType: 'HASH' as const },
        { AttributeName: range, KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: projection },
    });
    const typed = (types: Record<string, 'S' | 'N'>) =>
      Object.entries(types).map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
    const wantedIndex = 'must be user_id (S) + uploaded_at (N)';

    it.each<[string, () => Partial<CreateTableCommandInput>, string[]]>([
      [
        'another partition key',
        () => ({
          AttributeDefinitions: typed({ id: 'S', user_id: 'S', uploaded_at: 'N' }),
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        }),
        ['key is id (S), must be file_id (S)'],
      ],
      [
        'a partition key of another type',
        () => ({ AttributeDefinitions: typed({ file_id: 'N', user_id: 'S', uploaded_at: 'N' }) }),
        ['key is file_id (N), must be file_id (S)'],
      ],
      [
        'a sort key too many',
        () => ({
          KeySchema: [
            { AttributeName: 'file_id', KeyType: 'HASH' },
            { AttributeName: 'user_id', KeyType: 'RANGE' },
          ],
        }),
        ['key is file_id (S) + user_id (S), must be file_id (S)'],
      ],
      [
        'no index',
        () => ({ AttributeDefinitions: typed({ file_id: 'S' }), GlobalSecondaryIndexes: undefined }),
        [`key of index user-files-index is missing, ${wantedIndex}`],
      ],
      [
        'an index of another name',
        () => ({ GlobalSecondaryIndexes: [index('uploaded_at', 'ALL', 'files-index')] }),
        [`key of index user-files-index is missing, ${wantedIndex}`],
      ],
      [
        'an index sorted by a text',
        () => ({ AttributeDefinitions: typed({ file_id: 'S', user_id: 'S', uploaded_at: 'S' }) }),
        [`key of index user-files-index is user_id (S) + uploaded_at (S), ${wantedIndex}`],
      ],
      [
        'an index that carries the keys only',
        () => ({ GlobalSecondaryIndexes: [index('uploaded_at', 'KEYS_ONLY')] }),
        ['projection of index user-files-index is KEYS_ONLY, must be ALL'],
      ],
      [
        'another key and a poorer index',
        () => ({
          AttributeDefinitions: typed({ id: 'S', user_id: 'S', recorded_at: 'N' }),
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          GlobalSecondaryIndexes: [index('recorded_at', 'KEYS_ONLY')],
        }),
        [
          'key is id (S), must be file_id (S)',
          `key of index user-files-index is user_id (S) + recorded_at (N), ${wantedIndex}`,
          'projection of index user-files-index is KEYS_ONLY, must be ALL',
        ],
      ],
    ])('refuses %s, and makes and changes nothing', async (_case, different, differences) => {
      await client.send(new CreateTableCommand({ ...asDefined(), ...different() }));
      const before = await described(audioFiles);
      const error = await creator.ensure(definitions).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TableMismatchError);
      expect(error).toMatchObject({ table: audioFiles, differences });
      expect((error as Error).message).toBe(
        `Table ${audioFiles} exists and differs: ${differences.join('; ')}`,
      );
      expect(await existing()).toEqual([audioFiles]);
      expect(await described(audioFiles)).toEqual(before);
    });

    it('accepts an index more than it needs', async () => {
      const more = {
        AttributeDefinitions: typed({ file_id: 'S', user_id: 'S', uploaded_at: 'N', recorded_at: 'N' }),
        GlobalSecondaryIndexes: [index('recorded_at', 'KEYS_ONLY', 'user-recordings-index'), index()],
      };
      await client.send(new CreateTableCommand({ ...asDefined(), ...more }));
      expect(await creator.ensure(definitions)).toEqual(
        all().map((table) => ({ table, created: table !== audioFiles })),
      );
    });
  });
});
