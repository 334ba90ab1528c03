import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AppConfig } from '../../src/config/config.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { Database } from '../../src/database/database.js';
import { type Finding, Takeover, type TakeoverOptions } from '../../src/takeover/takeover.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { allRows, olderUser, putRows, type Row, sorted } from '../support/takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

/** Beside a running service, and on a database that cannot always serve. */
describe('Takeover in company', () => {
  let config: AppConfig;
  let client: DynamoDBClient;
  let stub: DatabaseStub;
  /** The client of the takeover, which the stub can fail. */
  let stubbed: DynamoDBClient;
  let users: string;
  let repository: UsersRepository;
  let findings: Finding[];

  beforeAll(async () => {
    stub = await startDatabaseStub();
    stubbed = testClient(testConfig({ DYNAMODB_ENDPOINT: stub.endpoint }));
  });

  afterAll(async () => {
    stubbed.destroy();
    await stub.close();
  });

  beforeEach(async () => {
    config = testConfig();
    users = config.tables.users;
    client = testClient(config);
    repository = new UsersRepository(
      new Database(createDocumentClient(client), config.database.budgetMs),
      config,
    );
    findings = [];
    stub.behave(() => 'forward');
    await createTestTables(client, config.tables);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  const apply = (onProgress: TakeoverOptions['onProgress'] = () => undefined) =>
    new Takeover(stubbed, config.tables, {
      apply: true,
      onProgress,
      onFinding: (finding) => findings.push(finding),
    }).run();

  /** Registers, as the service does when the index does not show the older account. */
  const register = (email: string): Promise<boolean> => {
    const { user_id: userId } = olderUser();
    return repository.create({
      ...{ userId, email, createdAt: 1_758_762_381 },
      passwordHash: '$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$aGFzaA',
      keySalt: Buffer.alloc(32, 1),
    });
  };

  const claimOf = ({ user_id, email }: { user_id: string; email: string }): Row => ({
    user_id: `email#${email}`,
    owner_id: user_id,
  });

  it('leaves an email to whoever registers it between reading and writing, and reports it', async () => {
    const user = olderUser();
    await putRows(client, users, [user]);
    stub.behave(async ({ operation, attempt }) => {
      if (operation === 'TransactWriteItems' && attempt === 1) await register(user.email);
      return 'forward' as const;
    });
    expect(await apply()).toMatchObject({ users: 1, missingClaims: 0, duplicateEmails: 1 });
    expect(findings).toEqual([
      { table: users, key: user.user_id, problem: 'email is claimed by another account' },
    ]);
    expect(await repository.findIdByEmailClaim(user.email)).not.toBe(user.user_id);
    expect(await apply()).toMatchObject({ users: 2, missingClaims: 0, duplicateEmails: 2 });
  });

  it('finds on a dry run that an email is claimed by another account', async () => {
    const user = olderUser();
    await putRows(client, users, [user, { user_id: `email#${user.email}`, owner_id: olderUser().user_id }]);
    const report = await new Takeover(client, config.tables, {
      apply: false,
      onProgress: () => undefined,
      onFinding: (finding) => findings.push(finding),
    }).run();
    expect(report).toMatchObject({ users: 1, claimed: 0, missingClaims: 0, duplicateEmails: 1 });
    expect(findings).toHaveLength(1);
  });

  it('gives each email one owner where all of them are registered at the same time', async () => {
    const accounts = Array.from({ length: 40 }, () => olderUser());
    await putRows(client, users, accounts);
    const [report, ...registered] = await Promise.all([
      apply(),
      ...accounts.map(({ email }) => register(email)),
    ]);
    const rows = await allRows(client, users);
    const lost = registered.filter(Boolean).length;
    expect(report.missingClaims).toBe(40 - lost);
    expect(rows).toHaveLength(80 + lost);
    for (const [i, account] of accounts.entries()) {
      const owner = await repository.findIdByEmailClaim(account.email);
      expect(owner === account.user_id).toBe(!registered[i]);
    }
  });

  it('keeps no email from the world for an account that is deleted meanwhile', async () => {
    const user = olderUser();
    await putRows(client, users, [user]);
    stub.behave(async ({ operation }) => {
      if (operation === 'TransactWriteItems') {
        const key = { user_id: user.user_id };
        await createDocumentClient(client).send(new DeleteCommand({ TableName: users, Key: key }));
      }
      return 'forward' as const;
    });
    expect(await apply()).toMatchObject({ users: 1, missingClaims: 0, duplicateEmails: 0 });
    expect(findings).toEqual([]);
    expect(await allRows(client, users)).toEqual([]);
    expect(await register(user.email)).toBe(true);
  });

  it('counts a claim as written where the answers to its first tries were lost', async () => {
    const user = olderUser();
    await putRows(client, users, [user]);
    // The SDK tries twice with one token, by which DynamoDB knows the second try; the third try has another one.
    stub.behave(({ operation, attempt }) =>
      operation === 'TransactWriteItems' && attempt <= 2 ? 'forward-then-cut' : 'forward',
    );
    expect(await apply()).toMatchObject({ missingClaims: 1, duplicateEmails: 0 });
    expect(await allRows(client, users)).toEqual(sorted([user, claimOf(user)]));
  });

  it.each([
    ['throttled', dynamoDbError(400, 'ProvisionedThroughputExceededException')],
    ['throttled otherwise', dynamoDbError(400, 'ThrottlingException')],
    ['faulty', dynamoDbError(500, 'InternalServerError')],
    ['cut off', 'cut' as const],
    ['empty', { status: 200, body: '' }],
  ])('reads and writes everything where calls are %s for a while', async (_case, failure) => {
    const accounts = Array.from({ length: 3 }, () => olderUser());
    await putRows(client, users, accounts);
    let probes = 0;
    stub.behave(({ operation, attempt }) => {
      // The first look at each of the two tables is not repeated.
      if (operation === 'Scan' && probes++ < 2) return 'forward';
      return attempt <= (operation === 'Scan' ? 5 : 3) ? failure : 'forward';
    });
    expect(await apply()).toMatchObject({ users: 3, missingClaims: 3 });
    expect(await allRows(client, users)).toEqual(sorted([...accounts, ...accounts.map(claimOf)]));
  });

  it('asks again for the claims that DynamoDB left out', async () => {
    const accounts = [olderUser(), olderUser()];
    await putRows(client, users, [...accounts, ...accounts.map(claimOf)]);
    const leaveAll = { leave: () => true };
    stub.behave(({ operation, attempt }) =>
      operation === 'BatchGetItem' && attempt <= 3 ? leaveAll : 'forward',
    );
    expect(await apply()).toMatchObject({ users: 2, claimed: 2, missingClaims: 0 });
    expect(stub.calls.filter((operation) => operation === 'BatchGetItem')).toHaveLength(4);
  });

  it('tries a refused call once only', async () => {
    await putRows(client, users, [olderUser()]);
    stub.behave(({ operation }) =>
      operation === 'BatchGetItem' ? dynamoDbError(400, 'AccessDeniedException') : 'forward',
    );
    await expect(apply()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(stub.calls.filter((operation) => operation === 'BatchGetItem')).toHaveLength(1);
  });
});
