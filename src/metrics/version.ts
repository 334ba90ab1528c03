import { readFileSync } from 'node:fs';

/** Version of the service, from its package. */
export function serviceVersion(): string {
  // Two folders up, from `src` as from `dist`.
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
