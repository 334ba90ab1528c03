import { Injectable, Optional } from '@nestjs/common';
import { forEachAtMost } from '../../common/concurrency.js';
import { DomainError } from '../../common/errors/domain-errors.js';
import { outcomeOf } from '../../common/outcome.js';
import { AppConfig } from '../../config/config.js';
import { batchGet, batchWrite } from '../../database/batches.js';
import { Database } from '../../database/database.js';
import type { AudioFile, AudioFileChanges } from './audio-file.js';
import { AudioFileCache } from './audio-file.cache.js';
import {
  BELONGS_TO_OWNER,
  changeOf,
  IS_NEW,
  IS_PENDING,
  IS_STAYING,
  isAt,
  NEXT_VERSION,
  STEP,
} from './audio-file.expressions.js';
import { audioFileKey, type AudioFileRow, STATUS_NAME, toAudioFile, toRow } from './audio-file.row.js';
import {
  type DeleteOutcome,
  deleteOutcomeOf,
  type WriteOutcome,
  writeOutcomeOf,
} from './conditional-writes.js';

/** Concurrent conditional deletes of a batch. */
const PARALLEL = 25;

/** Records of audio files in DynamoDB. */
@Injectable()
export class AudioFilesRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
    // Commands have no cache.
    @Optional() private readonly cache?: AudioFileCache,
  ) {
    this.table = config.tables.audioFiles;
  }

  /** The record, consistently read, so that a new one is found immediately. Costs 1 read unit. */
  async findById(fileId: string): Promise<AudioFile | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: audioFileKey(fileId),
      ConsistentRead: true,
    });
    return Item && toAudioFile(Item as AudioFileRow);
  }

  /** The record from the cache, if there is one: up to a minute old if Redis was unavailable during a write. */
  async findCachedById(fileId: string): Promise<AudioFile | undefined> {
    const load = () => this.findById(fileId);
    return this.cache ? this.cache.read(fileId, load) : load();
  }

  /**
   * The records, consistently read. Costs 1 read unit a record.
   *
   * @param fileIds all different
   * @returns the records by id, and the ids that could not be read now
   */
  async findByIds(
    fileIds: readonly string[],
  ): Promise<{ files: Map<string, AudioFile>; unprocessed: Set<string> }> {
    const keys = fileIds.map(audioFileKey);
    const { rows, unprocessed } = await batchGet<AudioFileRow>(this.database, this.table, keys);
    return {
      files: new Map(rows.map((row) => [row.file_id, toAudioFile(row)])),
      unprocessed: new Set(unprocessed.map((key) => key['file_id'] ?? '')),
    };
  }

  /**
   * Writes a new record. It has no condition, so that a retry after a lost response succeeds: the id is random and
   * cannot exist. Costs 2 write units.
   */
  async create(file: AudioFile): Promise<void> {
    await this.database.put({ TableName: this.table, Item: toRow(file) });
  }

  /**
   * Writes new records like {@link create}. Costs 2 write units each.
   *
   * @returns ids of the records that could not be written now
   */
  async createMany(files: readonly AudioFile[]): Promise<Set<string>> {
    const requests = files.map((file) => ({ PutRequest: { Item: toRow(file) } }));
    const left = await batchWrite(this.database, this.table, requests);
    return new Set(left.map(({ PutRequest }) => (PutRequest?.Item as unknown as AudioFileRow).file_id));
  }

  /** Writes a record unless its id exists. Costs 2 write units, or 1 if it exists. */
  async createIfNew(file: AudioFile): Promise<WriteOutcome> {
    const outcome = await writeOutcomeOf(async () => {
      await this.database.put({
        TableName: this.table,
        Item: toRow(file),
        ConditionExpression: IS_NEW,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return file;
    });
    // The condition failed because an earlier attempt, whose response was lost, has written the record.
    const { repeated, file: there } = outcome;
    const isOurs =
      repeated &&
      there?.requestHash === file.requestHash &&
      there?.uploadedAt === file.uploadedAt &&
      there.version === file.version;
    return isOurs ? { written: true, file } : outcome;
  }

  /**
   * Stores that the audio of a pending record is in S3, if the record is unchanged since it was read: a record that was
   * deleted and created again may announce something else. Costs 2 write units.
   *
   * @param object size in bytes and ETag from S3
   */
  async complete(file: AudioFile, object: { size: number; etag: string }): Promise<WriteOutcome> {
    const version = isAt(file);
    return this.update(file, {
      update: `SET file_size = :size, object_etag = :etag, ${NEXT_VERSION} REMOVE #status, ticket_at`,
      conditions: [IS_PENDING, IS_STAYING, version.condition],
      names: STATUS_NAME,
      values: {
        ...{ ':size': object.size, ':etag': object.etag, ':pending': 'pending' },
        ...{ ...STEP, ...version.values },
      },
    });
  }

  /**
   * Stores that an upload URL was returned for a pending record. The reconciliation then treats the record as new.
   * Costs 2 write units.
   *
   * @param now Unix seconds
   */
  async renewTicket(file: AudioFile, now: number): Promise<WriteOutcome> {
    return this.update(file, {
      update: 'SET ticket_at = :now',
      conditions: [IS_PENDING, IS_STAYING],
      names: STATUS_NAME,
      values: { ':now': now, ':pending': 'pending' },
    });
  }

  /**
   * Changes title and tags. Costs 2 write units.
   *
   * @param unchanged whether the record must still be at the version it was read at
   */
  async change(file: AudioFile, changes: AudioFileChanges, unchanged: boolean): Promise<WriteOutcome> {
    const { update, values } = changeOf(changes);
    const version = unchanged ? isAt(file) : undefined;
    return this.update(file, {
      update,
      conditions: [IS_STAYING, ...(version ? [version.condition] : [])],
      values: { ...values, ...version?.values },
    });
  }

  /**
   * Begins the deletion of a record, if it is still at the version it was read at. After that {@link change} and {@link
   * complete} do not change it. Can be repeated. Costs 2 write units.
   */
  async beginDelete(file: AudioFile): Promise<WriteOutcome> {
    const { condition, values } = isAt(file);
    const marked = { ':true': true, ...values };
    return this.update(file, { update: 'SET deleting = :true', conditions: [condition], values: marked });
  }

  /**
   * Deletes the record if it belongs to the owner. Costs 2 write units.
   *
   * @param seen if set, the record must still be at the version it was read at
   */
  async delete(fileId: string, ownerId: string, seen?: AudioFile): Promise<DeleteOutcome> {
    const version = seen && isAt(seen);
    const input = {
      TableName: this.table,
      Key: audioFileKey(fileId),
      ConditionExpression: [BELONGS_TO_OWNER, ...(version ? [version.condition] : [])].join(' AND '),
      ExpressionAttributeValues: { ':owner': ownerId, ...version?.values },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    return deleteOutcomeOf(ownerId, () => this.uncached([fileId], () => this.database.delete(input)));
  }

  /**
   * Deletes records whose owner was checked before: an id never passes to another user, because it is random or derived
   * from the owner's id. Records with a derived id can be created again, and are deleted only at the version they were
   * read at. Costs 2 write units each.
   *
   * @param files all different
   * @returns ids of the records that could not be deleted now, or were changed
   */
  async deleteMany(files: readonly AudioFile[]): Promise<Set<string>> {
    const isKeyed = ({ requestHash }: AudioFile) => requestHash !== null;
    const [random, left] = [files.filter((file) => !isKeyed(file)), new Set<string>()];
    const requests = random.map(({ fileId }) => ({ DeleteRequest: { Key: audioFileKey(fileId) } }));
    const ids = random.map(({ fileId }) => fileId);
    const unprocessed = await this.uncached(ids, () => batchWrite(this.database, this.table, requests));
    for (const { DeleteRequest } of unprocessed) {
      left.add((DeleteRequest?.Key as unknown as AudioFileRow).file_id);
    }
    await forEachAtMost(PARALLEL, files.filter(isKeyed), async (file) => {
      const outcome = await outcomeOf(() => this.delete(file.fileId, file.ownerId, file));
      if (outcome instanceof DomainError || outcome === 'changed') left.add(file.fileId);
    });
    return left;
  }

  private async update(
    { fileId, ownerId }: AudioFile,
    change: {
      update: string;
      conditions: readonly string[];
      names?: Record<string, string>;
      values: Record<string, unknown>;
    },
  ): Promise<WriteOutcome> {
    const input = {
      TableName: this.table,
      Key: audioFileKey(fileId),
      UpdateExpression: change.update,
      ConditionExpression: [BELONGS_TO_OWNER, ...change.conditions].join(' AND '),
      ...(change.names && { ExpressionAttributeNames: change.names }),
      ExpressionAttributeValues: { ':owner': ownerId, ...change.values },
      ReturnValues: 'ALL_NEW' as const,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    return writeOutcomeOf(async () => {
      const { Attributes } = await this.uncached([fileId], () => this.database.update(input));
      return toAudioFile(Attributes as AudioFileRow);
    });
  }

  private async uncached<T>(fileIds: readonly string[], write: () => Promise<T>): Promise<T> {
    return this.cache ? this.cache.during(fileIds, write) : write();
  }
}
