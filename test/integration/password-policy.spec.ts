import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Makes the file of the list unreadable once, as a process does that has too many files open. */
const FAILS_ONCE = `
  const Module = require('node:module');
  const load = Module._extensions['.js'];
  let failed = false;
  Module._extensions['.js'] = Module._extensions['.cjs'] = function (module, filename) {
    if (!failed && filename.includes('language-common')) {
      failed = true;
      throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    }
    return load.apply(this, arguments);
  };
`;

const ASKS_TWICE = `
  import 'reflect-metadata';
  import { PasswordPolicy } from './src/auth/passwords/password-policy.ts';
  import { Email } from './src/users/email.ts';
  const policy = new PasswordPolicy({ passwords: { blockCommon: true } });
  const ask = () => {
    try {
      policy.assertAcceptable('Password', Email.read('ada@example.com'), 'password');
      return 'accepted';
    } catch (error) {
      return error.errors?.[0].message ?? error.constructor.name;
    }
  };
  console.log(JSON.stringify([ask(), ask()]));
`;

describe('the list of common passwords', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'password-policy-'));
    writeFileSync(join(directory, 'fails-once.cjs'), FAILS_ONCE);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is read again where it could not be read: nobody is let past, and nothing fails until a restart', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        ...['--require', join(directory, 'fails-once.cjs'), '--import', 'tsx'],
        ...['--input-type=module', '--eval', ASKS_TWICE],
      ],
      { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    expect({ answers: stdout.trim(), stderr }).toEqual({
      answers: JSON.stringify(['UnavailableError', 'Password is one of the most common ones']),
      stderr: '',
    });
  });
});
