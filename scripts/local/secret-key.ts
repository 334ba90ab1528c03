import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { shown } from './environment.js';
import { StartError } from './start-error.js';

/**
 * The token key of this working copy: 32 random bytes in hex, generated once and stored, so that tokens remain valid
 * after a restart.
 *
 * @throws StartError if the file contains something else
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

/** Written to a temporary file and linked, so that the file is complete or missing, and an existing one is kept. */
function create(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(draft, file);
  } catch (error) {
    // Another start was faster: its key is used.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
