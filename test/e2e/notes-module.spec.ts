import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { fixtureText, followGuide, snippetsOf, typeErrors } from '../support/guide.js';
import type { TestApp } from '../support/test-app.js';

/** The copy is compiled anew. */
const COMPILING_MS = 5 * 60_000;

it('is what the guide "Add a module" shows', () => {
  expect(snippetsOf('Add a module')).toEqual([
    fixtureText('edits/src/config/table-names.ts.txt'),
    fixtureText('edits/src/database/tables.ts.txt'),
    fixtureText('edits/scripts/ops/policies.ts.txt'),
    fixtureText('edits/src/app.module.ts.txt'),
    fixtureText('src/notes/notes.user-data.ts'),
  ]);
});

describe('a service to which the notes of the guide were added', () => {
  let directory: string;
  let app: TestApp;

  /** A module of the copy, which knows the table of notes. */
  const load = async <T>(path: string) => (await import(join(directory, path))) as T;

  beforeAll(async () => {
    directory = followGuide();
    const support = await load<typeof import('../support/test-app.js')>('test/support/test-app.ts');
    app = await support.startTestApp();
  }, COMPILING_MS);

  afterAll(async () => {
    await app.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('exports notes with the account, and deletes them with it', async () => {
    const { rowsOf, NO_ROWS } = await load<typeof import('../support/stored-rows.js')>(
      'test/support/stored-rows.ts',
    );
    const { userId, authorization, password } = await registerAccount(app);
    const { body: note } = await app.http
      .post('/api/user/notes')
      .set(authorization)
      .send({ text: 'Call Ada' })
      .expect(201);
    expect(note).toEqual({
      note_id: expect.any(String),
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      text: 'Call Ada',
    });
    expect(await rowsOf(app, userId)).toMatchObject({ notes: [{ note_id: note.note_id, user_id: userId }] });

    const exported = await app.http.get('/api/user/export').set(authorization).expect(200);
    expect(exported.body.notes).toEqual([note]);

    const { body: receipt } = await app.http
      .delete('/api/user')
      .set(authorization)
      .send({ password })
      .expect(200);
    expect(receipt).toMatchObject({ notes: 1, users: 1 });
    expect(await rowsOf(app, userId)).toEqual(NO_ROWS);
  });

  it('has them swept by the reconciliation, to which nothing was added', async () => {
    const tables = await load<typeof import('../../src/database/tables.js')>('src/database/tables.ts');
    const swept = tables.tablesToSweep(tables.tableDefinitions(app.config.tables));
    expect(swept.map(({ table }) => table)).toEqual(['notes']);
  });

  it('has right types', async () => expect(await typeErrors(directory)).toBe(''), COMPILING_MS);
});
