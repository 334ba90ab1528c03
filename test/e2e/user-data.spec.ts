import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { holdsRowsOfUsers, ownerIndexOf, tableDefinitions } from '../../src/database/tables.js';
import { AccountContents } from '../../src/account/account-contents.js';
import { HoldsUserData, REMOVAL_STEPS, type Removal, type UserData } from '../../src/user-data/user-data.js';
import { UserDataModule } from '../../src/user-data/user-data.module.js';
import { UserDataRegistry } from '../../src/user-data/user-data.registry.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('what modules hold of users', () => {
  let app: TestApp;
  let registry: UserDataRegistry;

  beforeAll(async () => {
    app = await startTestApp();
    registry = app.app.get(UserDataRegistry, { strict: false });
  });

  afterAll(() => app.close());

  it('is declared for every table with rows of users', () => {
    const forgotten = tableDefinitions(app.config.tables)
      .filter((definition) => holdsRowsOfUsers(definition) && !registry.tables.has(definition.table))
      .map(({ table }) => table);
    // Whoever reads this has added a table with a `user_id`. Write a provider of its module that removes the rows of a user
    // and gives them to an export: `@HoldsUserData({ name: 'notes', step: 'records', tables: ['notes'] })`, see
    // "Add a module" in CONTRIBUTING.md. Until then a deleted account leaves these rows behind.
    expect({ tablesWithoutHoldsUserData: forgotten }).toEqual({ tablesWithoutHoldsUserData: [] });
  });

  it('can be found by the index of its owner', () => {
    const unindexed = tableDefinitions(app.config.tables)
      .filter((definition) => registry.tables.has(definition.table) && !ownerIndexOf(definition))
      .map(({ table }) => table);
    expect(unindexed).toEqual([]);
  });

  it('goes in the order that deletions rely on: objects, records, sign-ins', () => {
    const builtIn = ['objects', 'audio_files', 'sessions'];
    const names = registry.holders.map(({ name }) => name);
    expect(names.filter((name) => builtIn.includes(name))).toEqual(builtIn);
    const steps = registry.holders.map(({ step }) => REMOVAL_STEPS.indexOf(step));
    expect(steps).toEqual([...steps].sort());
  });
});

describe('a module of somebody else', () => {
  const calls: string[] = [];

  class Recorded implements UserData {
    removeAll(_userId: string, { onRemoved }: Removal): Promise<void> {
      calls.push(this.constructor.name);
      onRemoved(2);
      return Promise.resolve();
    }
  }

  @HoldsUserData({ name: 'devices', step: 'sign-ins', tables: [] })
  class Devices extends Recorded {}

  @HoldsUserData({ name: 'notes', step: 'records', tables: [] })
  class Notes extends Recorded {}

  @HoldsUserData({ name: 'pictures', step: 'objects', tables: [] })
  class Pictures extends Recorded {}

  const start = (...providers: (new () => UserData)[]) => {
    @Module({ providers })
    class SomeModule {}
    return Test.createTestingModule({ imports: [DiscoveryModule, SomeModule, UserDataModule] })
      .compile()
      .then((module) => module.init());
  };

  it('takes part by being there: before and after the sign-ins, and counted', async () => {
    const module = await start(Devices, Notes, Pictures);
    const contents = new AccountContents(module.get(UserDataRegistry, { strict: false }), {} as never);
    const removed = contents.none();
    expect(removed).toEqual({ pictures: 0, notes: 0, devices: 0 });

    await contents.remove(randomUUID(), undefined, removed, () => undefined);

    expect(calls).toEqual(['Pictures', 'Notes', 'Devices', 'Notes', 'Pictures']);
    expect(removed).toEqual({ pictures: 4, notes: 4, devices: 2 });
    await module.close();
  });

  it.each(['users', 'user', 'Notes', 'my-notes', 'notes'])('cannot be called %s', async (name) => {
    @HoldsUserData({ name, step: 'records', tables: [] })
    class Other extends Recorded {}

    await expect(start(Notes, Other)).rejects.toThrow(/^@HoldsUserData: /);
  });
});
