import type { BuildOptions } from 'esbuild';
import { asciiPackages } from './ascii.js';

/** Where the bundle of the server is made. */
export const SERVER_FOLDER = 'dist/bundle';

/** What a bundle loads from `node_modules` when it needs it, or tries to and goes on without. */
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

/**
 * How a program of the service is put into one file.
 *
 * @param entry what `tsc` made of its source
 * @param outfile the file to make
 */
export function bundleOptions(entry: string, outfile: string) {
  return {
    entryPoints: [entry],
    outfile,
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
    // A third of the size, which V8 keeps in memory. Names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    // In `licences.txt`.
    legalComments: 'none',
    plugins: [asciiPackages],
    metafile: true,
    logLevel: 'warning',
  } as const satisfies BuildOptions;
}
