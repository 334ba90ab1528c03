import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { loadEnvFile } from 'node:process';
import { fileURLToPath } from 'node:url';
import { probePort } from '../local-engines/ready.js';
import { StartError } from './start-error.js';

/** Top of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of persistent files, the data and the token key: DATA_DIRECTORY, `.data` by default. */
export function dataDirectory(): string {
  return resolve(ROOT, setting('DATA_DIRECTORY') ?? '.data');
}

/** Creates the data folder. @throws StartError if it is not writable */
export function prepareDataDirectory(): void {
  const directory = dataDirectory();
  try {
    mkdirSync(directory, { recursive: true });
    rmdirSync(mkdtempSync(join(directory, 'try-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `Nothing can be written to the data folder ${directory} (${code}). Make it writable for this user, or choose another: ` +
        'DATA_DIRECTORY=/path/to/folder npm start',
    );
  }
}

/** Where the service listens, and its URL. */
export interface Address {
  host: string;
  port: number;
  url: string;
}

/** Reads `.env` if there is one. Variables that are already set win. */
export function loadDotEnv(): void {
  const file = join(ROOT, '.env');
  if (existsSync(file)) loadEnvFile(file);
}

/** A variable of the environment; an empty one counts as not set. */
export function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** A path relative to the top of the repository, for messages. */
export function shown(path: string): string {
  return relative(ROOT, path);
}

/**
 * HOST and PORT, 127.0.0.1:3000 by default.
 *
 * @throws StartError if PORT is not a port, or is not free
 */
export async function freeAddress(): Promise<Address> {
  const host = setting('HOST') ?? '127.0.0.1';
  const text = setting('PORT') ?? '3000';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new StartError(`PORT must be a whole number from 1 to 65535, not "${text}"`);
  await probePort(port, host).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(whyNotFree(error, host, port));
  });
  return { host, port, url: `http://${reachable(host)}:${port}` };
}

function whyNotFree(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') {
    const other = port < 65_535 ? port + 1 : port - 1;
    return `Port ${port} on ${host} is already in use. Stop the other program or choose another port: PORT=${other} ${ownCommand()}`;
  }
  if (error.code === 'EACCES') {
    return `Port ${port} needs rights that this user does not have. Choose another port: PORT=3000 ${ownCommand()}`;
  }
  return `HOST must be an address of this machine, such as 127.0.0.1, not "${host}" (${error.message})`;
}

/** How this program was started: `npm start`, or `npm run start:lambda`. */
function ownCommand(): string {
  const script = process.env['npm_lifecycle_event'] ?? 'start';
  return script === 'start' ? 'npm start' : `npm run ${script}`;
}

/** A service that listens on every interface is reachable at the loopback address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
