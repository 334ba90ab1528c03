/**
 * The second half of `npm run build`: makes one file of `dist/main.js` and all that it imports, which takes a third of the time
 * to load. It starts from what `tsc` wrote, since Nest wants the metadata of decorators, which esbuild does not emit.
 *
 * In `dist/bundle/`: `main.js`, `main.js.map` with the places in `src/`, and `licences.txt`.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { licencesOf } from './licences.js';
import { bundleOptions, FOLDER } from './options.js';
import { withOwnSourcesOnly } from './source-map.js';

async function main(): Promise<void> {
  // Its compile cache too: the one of another build is of no use.
  await rm(FOLDER, { recursive: true, force: true });
  const { metafile } = await build(bundleOptions);
  const map = join(FOLDER, 'main.js.map');
  await writeFile(map, withOwnSourcesOnly(await readFile(map, 'utf8')));
  const inside = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  await writeFile(join(FOLDER, 'licences.txt'), await licencesOf(inside));
}

await main();
