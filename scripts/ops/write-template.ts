/** `npm run ops:template` writes the templates in `ops/`; `--check` fails when a file is stale. */
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import type { Template } from './cloudformation.js';
import { buildTemplates } from './template.js';

async function main(mode: string | undefined): Promise<void> {
  for (const [file, template] of Object.entries(buildTemplates())) await update(file, template, mode);
}

async function update(file: string, template: Template, mode: string | undefined): Promise<void> {
  // Formatted like `npm run format`.
  const text = await format(JSON.stringify(template), { ...(await resolveConfig(file)), filepath: file });
  if (mode === '--write') {
    await writeFile(file, text);
  } else if (text !== (await readFile(file, 'utf8').catch(() => ''))) {
    console.error(`${file} is stale. Run: npm run ops:template`);
    process.exitCode = 1;
  }
}

await main(process.argv[2]);
