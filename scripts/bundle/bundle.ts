/**
 * The second half of `npm run build`: makes one file of `dist/main.js` and all that it imports, which takes a third of the time
 * to load. It starts from what `tsc` wrote, since Nest wants the metadata of decorators, which esbuild does not emit.
 *
 * In `dist/bundle/`: `main.js`, `main.js.map` with the places in `src/`, and `licences.txt`.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { licencesOf } from './licences.js';
import { withOwnSourcesOnly } from './source-map.js';

const FOLDER = 'dist/bundle';

/** What the file loads from `node_modules` when it needs it, or tries to and goes on without. */
const EXTERNAL = [
  // Native. The second one is optional.
  ...['argon2', '@node-rs/argon2'],
  // Packages that Nest offers more with, and that are not installed.
  ...['@nestjs/microservices', '@nestjs/websockets', '@fastify/static', 'class-transformer/storage'],
  // Files that the documentation page is made of.
  'swagger-ui-dist',
];

/** What modules of the older kind, which are most of the packages, expect to be there. */
const COMMONJS = [
  "import { createRequire as createRequireOfBundle } from 'node:module';",
  'const require = createRequireOfBundle(import.meta.url);',
  'const { filename: __filename, dirname: __dirname } = import.meta;',
].join('\n');

const OPTIONS = {
  entryPoints: ['dist/main.js'],
  outdir: FOLDER,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Classes give schemas of the OpenAPI document, errors and providers their names.
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  external: EXTERNAL,
  banner: { js: COMMONJS },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

async function main(): Promise<void> {
  // Its compile cache too: the one of another build is of no use.
  await rm(FOLDER, { recursive: true, force: true });
  const { metafile } = await build(OPTIONS);
  const map = join(FOLDER, 'main.js.map');
  await writeFile(map, withOwnSourcesOnly(await readFile(map, 'utf8')));
  const inside = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  await writeFile(join(FOLDER, 'licences.txt'), await licencesOf(inside));
}

await main();
