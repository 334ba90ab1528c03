import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

describe('preflight', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'preflight-'));
    for (const file of ['package.json', 'scripts/preflight.cjs']) cpSync(file, join(root, file));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (file: string, text = '') => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const run = (files: string[], env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'scripts/preflight.cjs'), ...files],
      { env, encoding: 'utf8' },
    );
    return [status, stdout + stderr];
  };

  it('says nothing where all is there', () => {
    write('dist/main.js');
    expect(run(['dist/main.js'])).toEqual([0, '']);
  });

  it('says that Node is too old, before anything else', () => {
    write('package.json', JSON.stringify({ engines: { node: '>=99.1.0' } }));
    expect(run(['dist/main.js'])).toEqual([
      1,
      `Node ${process.versions.node} is too old: 99.1.0 or later is needed, 24 is recommended. ` +
        'Install it (nvm install 24), then run: npm ci\n',
    ]);
  });

  it('says what to run where the build or the dependencies are missing', () => {
    expect(run(['dist/main.js'])).toEqual([1, 'dist/main.js is missing. Run: npm ci && npm run build\n']);
    expect(run(['node_modules/jest'])).toEqual([
      1,
      'The dependencies are not installed (node_modules/jest is missing). Run: npm ci\n',
    ]);
    write('node_modules/typescript/package.json');
    expect(run(['dist/commands/create-tables.js'])).toEqual([
      1,
      'dist/commands/create-tables.js is missing. Run: npm run build\n',
    ]);
  });

  it('says that a filled .env is not read, by name and not by value, where the environment lacks it', () => {
    write('dist/main.js');
    write('.env', '# A=1\nPORT=\nSECRET_KEY=marker\nexport USERS_TABLE = "marker"\nHOST= # none\n');
    expect(run(['dist/main.js'])).toEqual([
      0,
      '.env is not read here (only npm start reads it), and the environment lacks what it sets: SECRET_KEY, USERS_TABLE. ' +
        'To use it: set -a; . ./.env; set +a\n',
    ]);
    expect(run(['dist/main.js'], { SECRET_KEY: 'x', USERS_TABLE: 'y' })).toEqual([0, '']);
    expect(run([])).toEqual([0, '']);
  });
});
