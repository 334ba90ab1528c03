import { Injectable } from '@nestjs/common';
import { endOfSecond } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { USER_FILES_INDEX } from '../../database/tables.js';
import type { AudioFile, AudioFileFilter, AudioFilePage, ListPosition, ListRequest } from './audio-file.js';
import {
  type AudioFileRow,
  LISTED,
  type ListedRow,
  STATUS_NAME,
  toAudioFile,
  toAudioFileOf,
} from './audio-file.row.js';
import { searchText } from './search-text.js';

/** Page size when all records are read. */
const PAGE = 50;

/** The attributes that the totals of a user need. */
export type CountedFile = Pick<AudioFile, 'uploadedAt' | 'fileSize' | 'contentType' | 'objectEtag'>;

/** The start key of the next query. */
interface StartKey {
  user_id: string;
  uploaded_at: number;
  file_id: string;
}

/** A user's records by the index. Eventually consistent, as every global secondary index. */
@Injectable()
export class AudioFileListRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.table = config.tables.audioFiles;
  }

  /**
   * The next records of the owner, in the requested order. Costs 0.5 read units for each 4 KB read, whatever the number
   * of records.
   *
   * @param reach maximum of records to read, including those that the filter drops
   * @param limit maximum of records to return
   */
  async page(
    ownerId: string,
    { order, after, uploaded, filter, limit }: ListRequest,
    reach: number,
  ): Promise<AudioFilePage> {
    const sortKey = sortKeyCondition(uploaded);
    const conditions = filterConditions(filter);
    const { Items = [], LastEvaluatedKey } = await this.database.query({
      TableName: this.table,
      IndexName: USER_FILES_INDEX,
      KeyConditionExpression: `user_id = :owner${sortKey.expression}`,
      ExpressionAttributeValues: { ':owner': ownerId, ...sortKey.values, ...conditions.values },
      ExpressionAttributeNames: STATUS_NAME,
      ...(conditions.expression !== '' && { FilterExpression: conditions.expression }),
      ProjectionExpression: LISTED,
      ScanIndexForward: order === 'oldest',
      Limit: reach,
      ...(after && { ExclusiveStartKey: startKey(ownerId, after) }),
    });
    const matches = textMatcher(filter);
    const files: AudioFile[] = [];
    for (const [n, row] of (Items as ListedRow[]).entries()) {
      const file = toAudioFileOf(ownerId, row);
      if (!matches(file)) continue;
      files.push(file);
      const isLast = n === Items.length - 1 && LastEvaluatedKey === undefined;
      if (files.length === limit) return { files, ...(!isLast && { next: positionOf(row) }) };
    }
    return { files, ...(LastEvaluatedKey && { next: positionOf(LastEvaluatedKey as StartKey) }) };
  }

  /** All records of the owner, oldest first, in pages. */
  async *pagesByOwner(ownerId: string): AsyncGenerator<AudioFile[]> {
    const query = { ProjectionExpression: LISTED, ExpressionAttributeNames: STATUS_NAME, Limit: PAGE };
    for await (const rows of this.paginate<ListedRow>(ownerId, query)) {
      yield rows.map((row) => toAudioFileOf(ownerId, row));
    }
  }

  /**
   * The same in pages of maximum size, with the attributes for totals only. Costs 0.5 read units for each 4 KB stored.
   */
  async *countedPages(ownerId: string): AsyncGenerator<CountedFile[]> {
    const query = { ProjectionExpression: 'uploaded_at, file_size, content_type, object_etag' };
    for await (const rows of this.paginate<AudioFileRow>(ownerId, query)) yield rows.map(toAudioFile);
  }

  private async *paginate<Row>(
    ownerId: string,
    query: {
      ProjectionExpression: string;
      ExpressionAttributeNames?: Record<string, string>;
      Limit?: number;
    },
  ): AsyncGenerator<Row[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.database.query({
        TableName: this.table,
        IndexName: USER_FILES_INDEX,
        KeyConditionExpression: 'user_id = :owner',
        ExpressionAttributeValues: { ':owner': ownerId },
        ...query,
        ...(start && { ExclusiveStartKey: start }),
      });
      yield Items as Row[];
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }
}

interface Condition {
  readonly expression: string;
  readonly values: Record<string, unknown>;
}

function startKey(ownerId: string, { uploadedAt, fileId }: ListPosition): StartKey {
  return { user_id: ownerId, uploaded_at: uploadedAt, file_id: fileId };
}

function positionOf(row: Pick<StartKey, 'uploaded_at' | 'file_id'>): ListPosition {
  return { uploadedAt: row.uploaded_at, fileId: row.file_id };
}

/** A range of the sort key. Records outside of it are not read and cost nothing. */
function sortKeyCondition({ from, to: second }: ListRequest['uploaded']): Condition {
  const to = second === undefined ? undefined : endOfSecond(second);
  const values = { ...(from !== undefined && { ':from': from }), ...(to !== undefined && { ':to': to }) };
  if (from !== undefined && to !== undefined) {
    return { expression: ' AND uploaded_at BETWEEN :from AND :to', values };
  }
  if (from !== undefined) return { expression: ' AND uploaded_at >= :from', values };
  return { expression: to === undefined ? '' : ' AND uploaded_at <= :to', values };
}

/** Filters that DynamoDB applies, so that the dropped records need not be sent and parsed. */
function filterConditions({ recorded, contentType, status, size }: AudioFileFilter): Condition {
  const values: Record<string, unknown> = {};
  const terms: string[] = [];
  const add = (value: unknown, name: string, term: string) => {
    if (value === undefined) return;
    values[name] = value;
    terms.push(term);
  };
  add(recorded?.from, ':recordedFrom', 'recorded_at >= :recordedFrom');
  add(
    recorded?.to === undefined ? undefined : endOfSecond(recorded.to),
    ':recordedTo',
    'recorded_at <= :recordedTo',
  );
  add(size?.from, ':minSize', 'file_size >= :minSize');
  add(size?.to, ':maxSize', 'file_size <= :maxSize');
  add(contentType, ':type', '(content_type = :type OR begins_with(content_type, :typeWith))');
  if (contentType !== undefined) values[':typeWith'] = `${contentType};`;
  if (status === 'ready') terms.push('attribute_not_exists(#status)');
  if (status === 'pending') add(status, ':status', '#status = :status');
  return { expression: terms.join(' AND '), values };
}

/** Whether a file matches the text filters. They are applied here, because DynamoDB compares code points. */
function textMatcher({ tag, text }: AudioFileFilter): (file: AudioFile) => boolean {
  const wantedTag = tag === undefined ? undefined : searchText(tag);
  const wanted = text === undefined ? undefined : searchText(text);
  return ({ title, s3Key, tags }) =>
    (wantedTag === undefined || tags.some((each) => searchText(each) === wantedTag)) &&
    (wanted === undefined ||
      searchText(s3Key).includes(wanted) ||
      (title !== null && searchText(title).includes(wanted)));
}
