/**
 * What production starts: the bundle, with what V8 made of it the last time. Node 20 has no such cache, and compiles.
 */
import { access, constants } from 'node:fs/promises';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const BUNDLE = new URL('bundle/main.js', import.meta.url);
/** Beside the code and not in the common folder for temporary files: whoever writes it decides what runs. */
const CACHE = new URL('bundle/cache/', import.meta.url);
/** Until then the functions that a start needs were compiled; milliseconds. */
const STARTED_MS = 5_000;

/** Not in the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
  readonly flushCompileCache?: () => void;
}

/** A folder that cannot be written to, as in the image, is no fault: it goes without. */
async function canWrite(): Promise<boolean> {
  return access(new URL('.', BUNDLE), constants.W_OK).then(
    () => true,
    () => false,
  );
}

const { enableCompileCache, flushCompileCache } = module as CompileCache;
if (enableCompileCache && (await canWrite())) {
  enableCompileCache(fileURLToPath(CACHE));
  // A process that is killed writes nothing at its end.
  setTimeout(() => flushCompileCache?.(), STARTED_MS).unref();
}
await import(BUNDLE.href);
