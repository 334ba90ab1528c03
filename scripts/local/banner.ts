import type { Engine } from '../local-engines/engine.js';
import type { ObjectStorage } from '../local-engines/s3.js';
import { shown } from './environment.js';

/** The URL of the running service, and a first request to copy. */
export function banner(url: string, database: Engine | string, storage: ObjectStorage | string): string {
  return `
  Service    ${url}
  API docs   ${url}/api/docs
  Database   ${typeof database === 'string' ? `${database} (DYNAMODB_ENDPOINT)` : describe(database)}
  Audio      ${typeof storage === 'string' ? `bucket ${storage}` : `${storage.name} at ${storage.endpoint}, ${shown(storage.storage)}`}

  A first request:

  curl -s -X POST ${url}/api/register -H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"correct horse battery"}'

  Press Ctrl-C to stop

`;
}

function describe(engine: Engine): string {
  const storage = engine.storage === undefined ? 'in memory' : shown(engine.storage);
  const line = `${engine.name} at ${engine.endpoint}, ${storage}`;
  return engine.kind === 'embedded'
    ? line
    : `${line}\n             (other machines in this network can reach it)`;
}
