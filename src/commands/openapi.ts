/** `npm run openapi` writes `openapi.json`; `--check` fails when the file is stale. */
import { readFile, writeFile } from 'node:fs/promises';
import { createApp } from '../app.setup.js';
import { readConfig } from '../config/read-config.js';
import { buildOpenApi } from '../openapi.js';

const FILE = 'openapi.json';

async function main(mode: string | undefined): Promise<void> {
  // Nothing is contacted: the document comes from decorators. The key is never used.
  const config = readConfig({ NODE_ENV: 'test', LOG_LEVEL: 'error', SECRET_KEY: '-'.repeat(32) });
  const app = await createApp(config);
  await app.init();
  const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
  await app.close();
  if (mode === '--write') {
    await writeFile(FILE, text);
  } else if (text !== (await readFile(FILE, 'utf8').catch(() => ''))) {
    console.error(`${FILE} is stale. Run: npm run openapi`);
    process.exitCode = 1;
  }
}

await main(process.argv[2]);
