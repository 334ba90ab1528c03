import { toIso } from '../../common/time.js';
import type { AudioFile } from './audio-file.js';

export type AudioFileKey = { file_id: string };

/** A row as it is stored. Rows of the older backend have the attributes up to `recorded_at_iso`, or fewer. */
export interface AudioFileRow extends AudioFileKey {
  user_id: string;
  s3_key: string;
  file_size?: number | null;
  uploaded_at: number;
  uploaded_at_iso: string;
  recorded_at?: number | null;
  recorded_at_iso?: string | null;
  /** Absent if the record is ready, so that a row costs no more than it did. */
  status?: 'pending';
  title?: string;
  tags?: string[];
  duration_seconds?: number;
  content_type?: string;
  checksum_sha256?: string;
  object_etag?: string;
  version?: number;
  request_hash?: string;
  /** Present if the deletion has begun and depends on the version that the client has seen. */
  deleting?: boolean;
  /** Present only while pending. */
  ticket_at?: number;
}

/** The attributes that a list reads. */
export type ListedRow = Omit<
  AudioFileRow,
  'user_id' | 'uploaded_at_iso' | 'recorded_at_iso' | 'version' | 'request_hash' | 'deleting' | 'ticket_at'
>;

/** The other attributes (ISO texts, owner) would be parsed and discarded, which is a quarter of the CPU of a list. */
export const LISTED =
  'file_id, s3_key, file_size, uploaded_at, recorded_at, #status, title, tags, duration_seconds, content_type, ' +
  'checksum_sha256, object_etag';

/** `status` is a reserved word. */
export const STATUS_NAME = { '#status': 'status' };

export function audioFileKey(fileId: string): AudioFileKey {
  return { file_id: fileId };
}

/** The attributes that are read, without the owner. The projection of a list has no version, hash and ticket time. */
type RowWithoutOwner = ListedRow & Partial<Pick<AudioFileRow, 'version' | 'request_hash' | 'ticket_at'>>;

/** ISO texts of the older backend have no offset and are never read. */
export function toAudioFile(row: RowWithoutOwner & Pick<AudioFileRow, 'user_id'>): AudioFile {
  return toAudioFileOf(row.user_id, row);
}

/** Like {@link toAudioFile}, for a row that was read without its owner. */
export function toAudioFileOf(ownerId: string, row: RowWithoutOwner): AudioFile {
  const file: AudioFile = {
    fileId: row.file_id,
    ownerId,
    status: row.status ?? 'ready',
    s3Key: row.s3_key,
    fileSize: row.file_size ?? null,
    uploadedAt: Math.floor(row.uploaded_at),
    recordedAt: typeof row.recorded_at === 'number' ? Math.floor(row.recorded_at) : null,
    title: row.title ?? null,
    // A list; DynamoDB could also store a set of strings.
    tags: [...(row.tags ?? [])],
    durationSeconds: row.duration_seconds ?? null,
    contentType: row.content_type ?? null,
    checksumSha256: row.checksum_sha256 ?? null,
    objectEtag: row.object_etag ?? null,
    version: row.version ?? 0,
    requestHash: row.request_hash ?? null,
  };
  return row.ticket_at === undefined ? file : { ...file, ticketAt: row.ticket_at };
}

export function toRow(file: AudioFile): AudioFileRow {
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
    ...(file.status === 'pending' && { status: file.status }),
    ...(file.title !== null && { title: file.title }),
    ...(file.tags.length > 0 && { tags: [...file.tags] }),
    ...(file.durationSeconds !== null && { duration_seconds: file.durationSeconds }),
    ...(file.contentType !== null && { content_type: file.contentType }),
    ...(file.checksumSha256 !== null && { checksum_sha256: file.checksumSha256 }),
    ...(file.objectEtag !== null && { object_etag: file.objectEtag }),
    ...(file.version > 0 && { version: file.version }),
    ...(file.requestHash !== null && { request_hash: file.requestHash }),
  };
}
