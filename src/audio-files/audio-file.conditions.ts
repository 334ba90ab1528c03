import type { AudioFile } from './audio-file.js';

export const BELONGS_TO_OWNER = 'user_id = :owner';
export const IS_NEW = 'attribute_not_exists(file_id)';
export const IS_PENDING = '#status = :pending';
const IS_AT_VERSION = 'version = :version';
/** Values with which a version is counted up. */
export const COUNTING = { ':zero': 0, ':one': 1 };
const WAS_NEVER_CHANGED = 'attribute_not_exists(version)';

/** Whether a record is still at the version it was read at; one of version 0 has no such attribute. */
export function isAt({ version }: AudioFile): { condition: string; values: Record<string, number> } {
  return version > 0
    ? { condition: IS_AT_VERSION, values: { ':version': version } }
    : { condition: WAS_NEVER_CHANGED, values: {} };
}
