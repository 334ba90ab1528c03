import type { ObjectKeys } from '../audio-files/records/object-keys.js';

/** A user id as the service creates it. Other folders may belong to something else and must not be deleted. */
const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Position of a key in the upload folders. */
export interface Place {
  /** The folder, with a trailing slash. */
  readonly folder: string;
  /** Absent if the key does not have the form `{folder}/{user_id}/{rest}`. */
  readonly owner?: string;
}

/** The upload folders, and the owner of each key in them. */
export class AudioFolders {
  /** The longest first: if one folder is inside another, a key belongs to the inner one. */
  readonly folders: readonly string[];

  constructor(keys: ObjectKeys) {
    // The key prefix of a user, without the user id, is the folder and another slash.
    this.folders = keys
      .prefixesOf('')
      .map((prefix) => prefix.slice(0, -1))
      .sort((a, b) => b.length - a.length);
  }

  /** `undefined` for a key outside of them. */
  placeOf(key: string): Place | undefined {
    const folder = this.folders.find((candidate) => key.startsWith(candidate));
    if (folder === undefined) return undefined;
    const end = key.indexOf('/', folder.length);
    const owner = end === -1 ? '' : key.slice(folder.length, end);
    return USER_ID.test(owner) && key.length > end + 1 ? { folder, owner } : { folder };
  }
}
