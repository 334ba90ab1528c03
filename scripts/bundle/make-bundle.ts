import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { licencesOf } from './licences.js';
import { bundleOptions } from './options.js';
import { withOwnSourcesOnly } from './source-map.js';

/**
 * Makes one file of a program and all that it imports, in a folder of its own with the source map (places in `src/`) and
 * `licences.txt`. What was in the folder is removed.
 *
 * @param entry what `tsc` made of the program
 */
export async function makeBundle(entry: string, outfile: string): Promise<void> {
  const folder = dirname(outfile);
  // A compile cache too: the one of another build is of no use.
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build(bundleOptions(entry, outfile));
  const map = `${outfile}.map`;
  await writeFile(map, withOwnSourcesOnly(await readFile(map, 'utf8')));
  const inside = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  await writeFile(join(folder, 'licences.txt'), await licencesOf(inside));
}
