import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const MANIFEST = fileURLToPath(new URL('../package.json', import.meta.url));

/** The command of `npm run start:prod`, without npm as a process in between. */
export interface ProductionCommand {
  /** Flags of Node, then the program, relative to the root of the project. */
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** Parses the script `start:prod`: `NAME=value … node argument …`. */
export async function productionCommand(): Promise<ProductionCommand> {
  const manifest = JSON.parse(await readFile(MANIFEST, 'utf8')) as { scripts: Record<'start:prod', string> };
  const words = manifest.scripts['start:prod'].split(' ');
  const node = words.indexOf('node');
  const settings = words.slice(0, node).filter((word) => word.includes('='));
  return {
    args: words.slice(node + 1),
    env: Object.fromEntries(settings.map((word) => word.split('=') as [string, string])),
  };
}
