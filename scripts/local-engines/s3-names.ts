import { readdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import S3Object from 's3rver/lib/models/object.js';
import type { FilesystemStore, Listed } from 's3rver';

/** File names have at most 255 bytes, and s3rver appends up to 24 to those of objects. */
const LONGEST_NAME = 200;
/** First of names that are not what they seem. */
const MARK = '%';
const EMPTY = MARK;
/** In front of a segment that begins with the mark itself, or would be a step in a path. */
const PLAIN = `${MARK}=`;
/** In front of the parts of a long segment, and of the last of them. */
const GOES_ON = `${MARK}+`;
const ENDS = `${MARK}-`;

const OBJECT = '._S3rver_object';
const FILES_OF_OBJECT = ['object', 'object.md5', 'metadata.json'] as const;

/**
 * Stores any key that S3 accepts as a file: s3rver uses each segment as a file name, which fails for empty segments and
 * for segments longer than a file name. Keys with short segments stay where s3rver stores them.
 */
export function mendNames(store: FilesystemStore): void {
  const pathOf = store.getResourcePath.bind(store);
  store.getResourcePath = (bucket, key = '', resource) => pathOf(bucket, namesOf(key).join('/'), resource);

  store.listObjects = async (
    bucket,
    { delimiter = '', startAfter = '', prefix = '', maxKeys = Infinity },
  ) => {
    const keys: string[] = [];
    const commonPrefixes = new Set<string>();
    for (const key of await keysOf(store, bucket, prefix)) {
      if (key <= startAfter) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end === -1) keys.push(key);
      else commonPrefixes.add(key.slice(0, end + delimiter.length));
    }
    const objects = await Promise.all(
      keys.slice(0, maxKeys).map((key) =>
        store.getMetadata(bucket, key).then(
          (metadata) => [new S3Object(bucket, key, null, metadata)],
          // Deleted meanwhile.
          () => [],
        ),
      ),
    );
    return {
      objects: objects.flat(),
      commonPrefixes: [...commonPrefixes].sort(),
      isTruncated: keys.length > maxKeys,
    } satisfies Listed;
  };

  store.deleteObject = async (bucket, key) => {
    const files = FILES_OF_OBJECT.map((resource) => store.getResourcePath(bucket, key, resource));
    await Promise.all(files.map((file) => unlink(file).catch(ignoreMissing)));
    // Removes empty folders, up to the bucket.
    const top = join(store.rootDirectory, bucket);
    for (let folder = dirname(files[0] ?? top); folder !== top; folder = dirname(folder)) {
      if (
        !(await rmdir(folder).then(
          () => true,
          () => false,
        ))
      )
        break;
    }
  };
}

/** Names of the folders and the file of a key, below the bucket. */
function namesOf(key: string): string[] {
  const segments = key.split('/');
  return segments.flatMap((segment, index) => {
    // A file has what follows its name.
    if (segment === '') return [index < segments.length - 1 ? EMPTY : ''];
    const isPlain = segment.startsWith(MARK) || segment === '.' || segment === '..';
    const pieces = piecesOf(isPlain ? PLAIN + segment : segment);
    if (pieces.length === 1) return pieces;
    return pieces.map((piece, n) => (n < pieces.length - 1 ? GOES_ON : ENDS) + piece);
  });
}

function piecesOf(segment: string): string[] {
  const pieces = [''];
  for (const character of segment) {
    const last = pieces.length - 1;
    if (Buffer.byteLength(`${pieces[last]}${character}`) > LONGEST_NAME) pieces.push(character);
    else pieces[last] += character;
  }
  return pieces;
}

function keyOf(names: readonly string[]): string {
  const segments: string[] = [];
  let begun = '';
  for (const name of names) {
    if (name.startsWith(GOES_ON)) {
      begun += name.slice(GOES_ON.length);
      continue;
    }
    const segment = name.startsWith(ENDS) ? begun + name.slice(ENDS.length) : name;
    begun = '';
    segments.push(segment === EMPTY ? '' : segment.startsWith(PLAIN) ? segment.slice(PLAIN.length) : segment);
  }
  return segments.join('/');
}

/** The keys of a bucket with this prefix, in the order of S3. Reads only folders that can contain them. */
async function keysOf({ rootDirectory }: FilesystemStore, bucket: string, prefix: string): Promise<string[]> {
  const top = join(rootDirectory, bucket);
  const folder = join(top, ...namesOf(prefix.slice(0, prefix.lastIndexOf('/') + 1)).slice(0, -1));
  return (await filesBelow(folder))
    .filter((path) => path.endsWith(OBJECT))
    .map((path) => keyOf(relative(top, path).slice(0, -OBJECT.length).split(sep)))
    .filter((key) => key.startsWith(prefix))
    .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** Works while folders disappear: a deletion removes empty ones. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return [];
  });
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    }),
  );
  return files.flat();
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
