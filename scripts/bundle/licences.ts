import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names of files with a licence or a notice that must be included. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

const RULE = '-'.repeat(80);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** The form in old packages. */
  readonly licenses?: readonly { readonly type: string }[];
}

/**
 * Name, version and licence of the packages of these files, as most licences require when code is distributed.
 *
 * @param files paths below the root of the project; files outside of packages are ignored
 */
export async function licencesOf(files: readonly string[]): Promise<string> {
  const folders = [...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))];
  const parts = await Promise.all(folders.sort().map(describe));
  // Two copies of the same version are one package.
  return `Packages in this bundle\n\n${[...new Set(parts)].join(`\n${RULE}\n`)}`;
}

/** The folder of the package of a file, the innermost one: packages may be nested. */
function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

async function describe(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, licenses = [] } = manifest;
  const license = manifest.license ?? (licenses.map(({ type }) => type).join(' OR ') || 'no licence named');
  const names = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')));
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n') + '\n';
}
