import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = join(ROOT, 'test/fixtures/notes-module');
const EDITS = join(FIXTURE, 'edits');

/** Below the repository, so that its packages are found. */
const COPY = join(ROOT, '.data', `guide-${process.pid}`);

const COPIED = ['src', 'test/support', 'scripts/ops', 'package.json', 'tsconfig.json'];

/** Entry points of the compiler in the copy. */
const CHECKED = ['src/notes', 'scripts/ops/policies.ts'];

/** The blocks of TypeScript in a section of CONTRIBUTING.md, without their indentation. */
export function snippetsOf(section: string): string[] {
  const guide = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const [, text = ''] = guide.split(`\n## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  return [...own.matchAll(/^( *)```ts\n([^]*?)^\1```$/gm)].map(([, indentation = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
  );
}

/** A file of the notes module, as in the guide. */
export function fixtureText(path: string): string {
  return readFileSync(join(FIXTURE, path), 'utf8');
}

/**
 * Follows the guide in a copy of the service: adds the files of the notes module, and the guide's additions to existing
 * files.
 *
 * @returns the directory of the copy
 */
export function followGuide(): string {
  rmSync(COPY, { recursive: true, force: true });
  for (const path of COPIED) {
    cpSync(join(ROOT, path), join(COPY, path), {
      recursive: true,
      filter: (source) => !source.endsWith('.spec.ts'),
    });
  }
  cpSync(join(FIXTURE, 'src'), join(COPY, 'src'), { recursive: true });
  for (const entry of readdirSync(EDITS, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const edit = join(entry.parentPath, entry.name);
    const target = join(COPY, relative(EDITS, edit).replace(/\.txt$/, ''));
    writeFileSync(target, edited(readFileSync(target, 'utf8'), readFileSync(edit, 'utf8')));
  }
  return COPY;
}

/** The type errors of the copy; empty if there are none. */
export async function typeErrors(directory: string): Promise<string> {
  const project = join(directory, 'tsconfig.guide.json');
  writeFileSync(project, JSON.stringify({ extends: './tsconfig.json', include: CHECKED }));
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [compiler, '--project', project]);
    return '';
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  }
}

/** Inserts each block of an edit below the line that it begins with, which must occur exactly once. */
function edited(text: string, edit: string): string {
  const lines = text.split('\n');
  for (const block of edit.trimEnd().split('\n\n')) {
    const [anchor = '', ...added] = block.split('\n');
    const places = lines.flatMap((line, n) => (line === anchor ? [n] : []));
    if (places.length !== 1) throw new Error(`The line "${anchor}" is there ${places.length} times`);
    lines.splice((places[0] as number) + 1, 0, ...added);
  }
  return lines.join('\n');
}
