import { randomBytes, randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDocumentClient, createServingClient } from '../../src/database/clients.js';
import { Database } from '../../src/database/database.js';
import type { User } from '../../src/users/user.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

function newUser(overrides: Partial<User> = {}): User {
  return {
    userId: randomUUID(),
    email: `${randomUUID()}@example.com`,
    passwordHash: '$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$aGFzaA',
    keySalt: randomBytes(32),
    createdAt: 1_758_762_381,
    generation: 0,
    keptSignIn: undefined,
    tokensValidFrom: 0,
    ...overrides,
  };
}

describe('UsersRepository', () => {
  const config = testConfig();
  let client: DynamoDBClient;
  let rows: DynamoDBDocumentClient;
  let users: UsersRepository;

  beforeAll(async () => {
    client = testClient(config);
    rows = createDocumentClient(client);
    users = new UsersRepository(
      new Database(createServingClient(client, config), config.database.budgetMs),
      config,
    );
    await createTestTables(client, config.tables);
  });

  afterAll(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  async function stored(userId: string): Promise<Record<string, unknown> | undefined> {
    const input = { TableName: config.tables.users, Key: { user_id: userId }, ConsistentRead: true };
    return (await rows.send(new GetCommand(input))).Item;
  }

  const older = (user: User) => ({
    user_id: user.userId,
    email: user.email,
    password_hash: user.passwordHash,
    key_salt: user.keySalt.toString('base64'),
    created_at: user.createdAt + 0.123_456,
    created_at_iso: '1999-12-31T00:00:00.123456',
  });

  it('writes the account as the older backend reads it, and a claim that no index shows', async () => {
    const user = newUser();
    expect(await users.create(user)).toBe(true);
    expect(await stored(user.userId)).toEqual({
      user_id: user.userId,
      email: user.email,
      password_hash: user.passwordHash,
      key_salt: user.keySalt.toString('base64'),
      created_at: 1_758_762_381,
      created_at_iso: '2025-09-25T01:06:21Z',
    });
    expect(await stored(`email#${user.email}`)).toEqual({
      user_id: `email#${user.email}`,
      owner_id: user.userId,
    });
  });

  it('finds the account it has written, by each of its keys', async () => {
    const user = newUser();
    await users.create(user);
    expect(await users.findById(user.userId)).toEqual(user);
    expect(await users.findIdInEmailIndex(user.email)).toBe(user.userId);
    expect(await users.findIdByEmailClaim(user.email)).toBe(user.userId);
  });

  it('finds nothing where there is nothing', async () => {
    const { userId, email } = newUser();
    expect(await users.findById(userId)).toBeUndefined();
    expect(await users.findIdInEmailIndex(email)).toBeUndefined();
    expect(await users.findIdByEmailClaim(email)).toBeUndefined();
  });

  it('finds an account of the older backend, whose creation time has a fraction', async () => {
    const user = newUser();
    await rows.send(new PutCommand({ TableName: config.tables.users, Item: older(user) }));
    expect(await users.findById(user.userId)).toEqual(user);
    expect(await users.findIdInEmailIndex(user.email)).toBe(user.userId);
    expect(await users.findIdByEmailClaim(user.email)).toBeUndefined();
  });

  it('writes nothing where the email is claimed', async () => {
    const first = newUser();
    const second = newUser({ email: first.email });
    expect(await users.create(first)).toBe(true);
    expect(await users.create(second)).toBe(false);
    expect(await stored(second.userId)).toBeUndefined();
    expect(await users.findIdByEmailClaim(first.email)).toBe(first.userId);
  });

  it('writes nothing where the id is taken, not even the claim', async () => {
    const first = newUser();
    const second = newUser({ userId: first.userId });
    await users.create(first);
    expect(await users.create(second)).toBe(false);
    expect(await users.findById(first.userId)).toEqual(first);
    expect(await users.findIdByEmailClaim(second.email)).toBeUndefined();
  });

  it('writes exactly one of twenty accounts with one email', async () => {
    const email = newUser().email;
    const racers = Array.from({ length: 20 }, () => newUser({ email }));
    const written = await Promise.all(racers.map((user) => users.create(user)));
    const winners = racers.filter((_user, i) => written[i]);
    expect(winners).toHaveLength(1);
    expect(await users.findIdByEmailClaim(email)).toBe(winners[0]?.userId);
    const accounts = await Promise.all(racers.map(({ userId }) => stored(userId)));
    expect(accounts.filter((row) => row !== undefined)).toHaveLength(1);
  });
});
