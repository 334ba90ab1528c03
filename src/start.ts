/** Entry point of production: the bundle, with V8's compile cache of the last start. Node 20 has no such cache. */
import { access, constants } from 'node:fs/promises';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const BUNDLE = new URL('bundle/main.js', import.meta.url);
/** Beside the code and not in the shared folder for temporary files: whoever can write it controls what runs. */
const CACHE = new URL('bundle/cache/', import.meta.url);
/** By then the functions that a start needs are compiled; milliseconds. */
const STARTED_MS = 5_000;

/** Missing in the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
  readonly flushCompileCache?: () => void;
}

/** A read-only folder, as in the image, is not an error: there is no cache then. */
async function canWrite(): Promise<boolean> {
  return access(new URL('.', BUNDLE), constants.W_OK).then(
    () => true,
    () => false,
  );
}

const { enableCompileCache, flushCompileCache } = module as CompileCache;
if (enableCompileCache && (await canWrite())) {
  enableCompileCache(fileURLToPath(CACHE));
  // A killed process writes no cache at its end.
  setTimeout(() => flushCompileCache?.(), STARTED_MS).unref();
}
await import(BUNDLE.href);
