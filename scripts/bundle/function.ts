/**
 * `npm run build:lambda`: the service as a function, a folder and a zip for each architecture. `Handler` is
 * `dist/function/index.handler` or `dist/function/index.streamHandler`.
 */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { makeBundle } from './make-bundle.js';
import { OUTSIDE } from './outside.js';

const ARCHITECTURES = ['arm64', 'x64'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

const BUNDLE = 'dist/function/index.mjs';

/** What of packages is run, or has to be passed on. */
const NEEDED = /(\.(c?js|json|node|css|png)|[\\/](licen[cs]e|notice)[^\\/]*)$/i;
/** What of that is not: other forms of the same, sources of the native code, and lists that nothing reads. */
const UNUSED = [
  /[\\/]swagger-ui-(es-bundle|es-bundle-core)\.|[\\/]swagger-ui\.js|\.map$/,
  /[\\/]@zxcvbn-ts[\\/][^\\/]+[\\/](src[\\/]|dist[\\/]zxcvbn-ts\.js$)/,
  /[\\/]argon2[\\/]argon2[\\/](?!LICENSE)/,
  /\.musl\.node$/,
];

/** One point in time, so that the same code makes the same zip. */
const MTIME = new Date('1980-01-01T00:00:00');

async function main(): Promise<void> {
  await makeBundle('dist/lambda.js', BUNDLE);
  for (const architecture of ARCHITECTURES) {
    const folder = `dist/lambda-${architecture}`;
    await assemble(folder, architecture);
    const zip = zipSync(await filesOf(folder), { level: 9, mtime: MTIME });
    await writeFile(`${folder}.zip`, zip);
    const size = (zip.length / 1e6).toFixed(2);
    process.stdout.write(`${folder}.zip  ${size} MB, ${await engineOf(folder)}\n`);
  }
}

/** Puts together what a function of this architecture needs, with the paths of the project. */
async function assemble(folder: string, architecture: Architecture): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const path of ['package.json', dirname(BUNDLE)])
    await cp(path, join(folder, path), { recursive: true });
  for (const name of OUTSIDE) {
    const path = join('node_modules', name);
    await cp(path, join(folder, path), {
      recursive: true,
      filter: async (file) => (await stat(file)).isDirectory() || isNeeded(file, architecture),
    });
  }
}

function isNeeded(file: string, architecture: Architecture): boolean {
  if (!NEEDED.test(file) || UNUSED.some((pattern) => pattern.test(file))) return false;
  // Native code is in a folder that names the platform.
  return !file.endsWith('.node') || new RegExp(`linux-${architecture}(-gnu)?[\\\\/]`).test(file);
}

async function filesOf(folder: string): Promise<Zippable> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files: Zippable = {};
  for (const path of paths.sort()) {
    files[relative(folder, path).replaceAll('\\', '/')] = await readFile(path);
  }
  return files;
}

/** Which engine of password hashes is in it: the faster one is installed for the architecture of this machine alone. */
async function engineOf(folder: string): Promise<string> {
  const packages = await readdir(join(folder, 'node_modules/@node-rs'), { recursive: true }).catch(() => []);
  return `passwords by ${packages.some((path) => path.endsWith('.node')) ? '@node-rs/argon2' : 'argon2'}`;
}

await main();
