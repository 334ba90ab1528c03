import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { shown } from './environment.js';
import { StartError } from './start-error.js';

/**
 * The token key of this working copy: 32 random bytes in hex, made once and kept, so that a token outlives a restart.
 *
 * @throws StartError when the file holds something else
 */
export function developmentSecretKey(file: string): string {
  if (!existsSync(file)) create(file);
  const key = readFileSync(file, 'utf8').trim();
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  throw new StartError(
    `${shown(file)} is damaged: it should hold 64 hexadecimal digits. Delete it and a new key is made; ` +
      'tokens signed with the old one then stop working',
  );
}

/** Written aside and linked into place, so that the file is there whole or not at all, and an existing one is kept. */
function create(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(draft, file);
  } catch (error) {
    // Another start was faster: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
