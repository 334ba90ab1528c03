/** `npm run ops:template` writes `ops/cloudformation.json`; `--check` fails when the file is stale. */
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { buildTemplate } from './template.js';

const FILE = 'ops/cloudformation.json';

async function main(mode: string | undefined): Promise<void> {
  // As `npm run format` would have it.
  const text = await format(JSON.stringify(buildTemplate()), {
    ...(await resolveConfig(FILE)),
    filepath: FILE,
  });
  if (mode === '--write') {
    await writeFile(FILE, text);
  } else if (text !== (await readFile(FILE, 'utf8').catch(() => ''))) {
    console.error(`${FILE} is stale. Run: npm run ops:template`);
    process.exitCode = 1;
  }
}

await main(process.argv[2]);
