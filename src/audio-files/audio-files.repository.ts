import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { Injectable } from '@nestjs/common';
import { toIso } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { USER_FILES_INDEX } from '../database/tables.js';
import type { AudioFile } from './audio-file.js';

type AudioFileKey = { file_id: string };

interface AudioFileRow extends AudioFileKey {
  user_id: string;
  s3_key: string;
  file_size?: number | null;
  uploaded_at: number;
  uploaded_at_iso: string;
  recorded_at?: number | null;
  recorded_at_iso?: string | null;
}

type ListedRow = Omit<AudioFileRow, 'user_id' | 'uploaded_at_iso' | 'recorded_at_iso'>;

/** How a delete ended. */
export type DeleteOutcome = 'deleted' | 'not-found' | 'not-owner';

/** Records to a page where all of them are walked. */
const PAGE = 50;
/**
 * What a list needs of a row; the rest (the ISO texts, the owner who asks) would only be parsed to be thrown away,
 * more than a quarter of the CPU of a long list.
 */
const LISTED = 'file_id, s3_key, file_size, uploaded_at, recorded_at';

const BELONGS_TO_OWNER = 'user_id = :owner';

/** Records of audio files in DynamoDB. */
@Injectable()
export class AudioFilesRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.table = config.tables.audioFiles;
  }

  /** The record, consistently read, so that one just made is found. Costs 1 read unit. */
  async findById(fileId: string): Promise<AudioFile | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: audioFileKey(fileId),
      ConsistentRead: true,
    });
    return Item && toAudioFile(Item as AudioFileRow);
  }

  /**
   * The owner's newest uploads first. Eventually consistent: an index cannot be read otherwise.
   * Costs 0.5 read units for each 4 KB.
   *
   * @param limit how many at most
   */
  async listByOwner(ownerId: string, limit: number): Promise<AudioFile[]> {
    const { Items } = await this.database.query({
      TableName: this.table,
      IndexName: USER_FILES_INDEX,
      KeyConditionExpression: BELONGS_TO_OWNER,
      ExpressionAttributeValues: { ':owner': ownerId },
      ProjectionExpression: LISTED,
      ScanIndexForward: false,
      Limit: limit,
    });
    return (Items as ListedRow[] | undefined)?.map((row) => toAudioFile({ ...row, user_id: ownerId })) ?? [];
  }

  /** All records of the owner, oldest first, page by page. */
  async *pagesByOwner(ownerId: string): AsyncGenerator<AudioFile[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items, LastEvaluatedKey } = await this.database.query({
        TableName: this.table,
        IndexName: USER_FILES_INDEX,
        KeyConditionExpression: BELONGS_TO_OWNER,
        ExpressionAttributeValues: { ':owner': ownerId },
        ProjectionExpression: LISTED,
        Limit: PAGE,
        ExclusiveStartKey: start,
      });
      yield (Items as ListedRow[] | undefined)?.map((row) => toAudioFile({ ...row, user_id: ownerId })) ?? [];
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  /**
   * Writes a new record. Without a condition, so that a try repeated because its answer was lost succeeds: the id is
   * random and can only be our own. Costs 2 write units.
   */
  async create(file: AudioFile): Promise<void> {
    await this.database.put({ TableName: this.table, Item: toRow(file) });
  }

  /** Deletes the record if it still is the owner's. Costs 2 write units. */
  async delete(fileId: string, ownerId: string): Promise<DeleteOutcome> {
    try {
      await this.database.delete({
        TableName: this.table,
        Key: audioFileKey(fileId),
        ConditionExpression: BELONGS_TO_OWNER,
        ExpressionAttributeValues: { ':owner': ownerId },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return 'deleted';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if (error.Item) return 'not-owner';
      // Gone after a repeated try: the first one did it, and only its answer was lost.
      return (error.$metadata.attempts ?? 1) > 1 ? 'deleted' : 'not-found';
    }
  }
}

function audioFileKey(fileId: string): AudioFileKey {
  return { file_id: fileId };
}

/** Rows of the older backend may lack size and recording time; their ISO texts are naive and are never read. */
function toAudioFile(row: ListedRow & Pick<AudioFileRow, 'user_id'>): AudioFile {
  return {
    fileId: row.file_id,
    ownerId: row.user_id,
    s3Key: row.s3_key,
    fileSize: row.file_size ?? null,
    uploadedAt: Math.floor(row.uploaded_at),
    recordedAt: typeof row.recorded_at === 'number' ? Math.floor(row.recorded_at) : null,
  };
}

function toRow(file: AudioFile): AudioFileRow {
  return {
    ...audioFileKey(file.fileId),
    user_id: file.ownerId,
    s3_key: file.s3Key,
    uploaded_at: file.uploadedAt,
    uploaded_at_iso: toIso(file.uploadedAt),
    ...(file.fileSize !== null && { file_size: file.fileSize }),
    ...(file.recordedAt !== null && {
      recorded_at: file.recordedAt,
      recorded_at_iso: toIso(file.recordedAt),
    }),
  };
}
