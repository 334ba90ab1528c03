import type { AudioFile, AudioFileChanges } from './audio-file.js';

/** Condition and update expressions for records. */

export const BELONGS_TO_OWNER = 'user_id = :owner';
export const IS_NEW = 'attribute_not_exists(file_id)';
export const IS_PENDING = '#status = :pending';
const IS_AT_VERSION = 'version = :version';
const WAS_NEVER_CHANGED = 'attribute_not_exists(version)';
/** Its deletion has not begun. */
export const IS_STAYING = 'attribute_not_exists(deleting)';
/** Increments the version. Uses the values of {@link STEP}. */
export const NEXT_VERSION = 'version = if_not_exists(version, :zero) + :one';
export const STEP = { ':zero': 0, ':one': 1 };

/** Requires that a record is at the version it was read at. Version 0 has no attribute. */
export function isAt({ version }: AudioFile): { condition: string; values: Record<string, number> } {
  return version > 0
    ? { condition: IS_AT_VERSION, values: { ':version': version } }
    : { condition: WAS_NEVER_CHANGED, values: {} };
}

/** The change of title and tags, as an update expression and its values. */
export function changeOf({ title, tags }: AudioFileChanges): {
  update: string;
  values: Record<string, unknown>;
} {
  const assignments = [NEXT_VERSION];
  const removals: string[] = [];
  const values: Record<string, unknown> = { ...STEP };
  if (title === null) removals.push('title');
  else if (title !== undefined) {
    assignments.push('title = :title');
    values[':title'] = title;
  }
  if (tags?.length === 0) removals.push('tags');
  else if (tags !== undefined) {
    assignments.push('tags = :tags');
    values[':tags'] = tags;
  }
  const removal = removals.length > 0 ? ` REMOVE ${removals.join(', ')}` : '';
  return { update: `SET ${assignments.join(', ')}${removal}`, values };
}
