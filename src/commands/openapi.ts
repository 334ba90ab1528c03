/** `npm run openapi` writes `openapi.json`; `--check` fails if the file is stale. */
import { readFile, writeFile } from 'node:fs/promises';
import { createApp } from '../app.setup.js';
import { readConfig } from '../config/read-config.js';
import { buildOpenApi } from '../openapi.js';
import { readOptions, UsageError } from './arguments.js';
import { errorLines } from './command-error.js';

const FILE = 'openapi.json';

const USAGE = `Usage: openapi.js --write | --check
  --write   writes ${FILE}
  --check   fails when it is stale`;
const OPTIONS = { write: { type: 'boolean' }, check: { type: 'boolean' } } as const;

async function main(): Promise<void> {
  const { write = false, check = false } = readOptions(process.argv.slice(2), OPTIONS, USAGE);
  if (write === check) throw new UsageError('choose one of --write and --check', USAGE);
  // Makes no network calls: the document comes from decorators. The key is never used.
  const config = readConfig({ NODE_ENV: 'test', LOG_LEVEL: 'error', SECRET_KEY: '-'.repeat(32) });
  const app = await createApp(config);
  await app.init();
  const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
  await app.close();
  if (write) {
    await writeFile(FILE, text);
  } else if (text !== (await readFile(FILE, 'utf8').catch(() => ''))) {
    console.error(`${FILE} is stale. Run: npm run openapi`);
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  for (const line of errorLines('The document could not be made', error)) console.error(line);
  process.exitCode = 1;
});
