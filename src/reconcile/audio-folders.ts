import type { ObjectKeys } from '../audio-files/records/object-keys.js';

/** A user id as the service makes them. Anything else may be a folder of something else, and nobody's to delete. */
const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where a key is in the folders of uploads. */
export interface Place {
  /** The folder, a slash at the end. */
  readonly folder: string;
  /** Absent where the key is not of the shape `{folder}/{user_id}/{rest}`. */
  readonly owner?: string;
}

/** The folders of uploads, and whose each key in them is. */
export class AudioFolders {
  /** The longest first: of two folders one of which is in the other, a key belongs to the inner one. */
  readonly folders: readonly string[];

  constructor(keys: ObjectKeys) {
    // What begins the keys of a user without a name is the folder and one slash more.
    this.folders = keys
      .prefixesOf('')
      .map((prefix) => prefix.slice(0, -1))
      .sort((a, b) => b.length - a.length);
  }

  /** `undefined` for a key that is in none of them. */
  placeOf(key: string): Place | undefined {
    const folder = this.folders.find((candidate) => key.startsWith(candidate));
    if (folder === undefined) return undefined;
    const end = key.indexOf('/', folder.length);
    const owner = end === -1 ? '' : key.slice(folder.length, end);
    return USER_ID.test(owner) && key.length > end + 1 ? { folder, owner } : { folder };
  }
}
