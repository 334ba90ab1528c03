import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AudioFile } from './audio-file.js';
import { type AudioFileRow, toAudioFile } from './audio-file.row.js';

/** The result of a conditional write: the record as it is now, and whether this write produced it. */
export interface WriteOutcome {
  readonly written: boolean;
  /** Absent if there is no record. */
  readonly file?: AudioFile;
  /** Whether the call was retried, so that the first attempt may have written the record. */
  readonly repeated?: boolean;
  /** Whether the deletion of the record has begun. Nothing changes the record after that. */
  readonly isBeingDeleted?: boolean;
}

/** The result of a delete. */
export type DeleteOutcome = 'deleted' | 'not-found' | 'not-owner' | 'changed';

/**
 * Runs a write and translates a failed condition to an outcome. Every other error is rethrown.
 *
 * @param write returns the record that it wrote. It asks for `ALL_OLD` if its condition fails
 */
export async function writeOutcomeOf(write: () => Promise<AudioFile>): Promise<WriteOutcome> {
  try {
    return { written: true, file: await write() };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // The document client does not unmarshall the item of an error.
    const row = error.Item && (unmarshall(error.Item) as AudioFileRow);
    const repeated = isRetried(error);
    if (!row) return { written: false, repeated };
    return { written: false, repeated, file: toAudioFile(row), isBeingDeleted: row.deleting === true };
  }
}

/**
 * Runs a delete and translates a failed condition to an outcome. Every other error is rethrown.
 *
 * @param remove asks for `ALL_OLD` if its condition fails
 */
export async function deleteOutcomeOf(
  ownerId: string,
  remove: () => Promise<unknown>,
): Promise<DeleteOutcome> {
  try {
    await remove();
    return 'deleted';
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (error.Item) return error.Item['user_id']?.S === ownerId ? 'changed' : 'not-owner';
    // After a retry, no row means that the first attempt deleted it and only its response was lost.
    return isRetried(error) ? 'deleted' : 'not-found';
  }
}

function isRetried(error: ConditionalCheckFailedException): boolean {
  return (error.$metadata.attempts ?? 1) > 1;
}
