import { readFileSync } from 'node:fs';

/** Version of the service, from package.json. */
export function serviceVersion(): string {
  // Two folders up, from `src` and from `dist`.
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
