/** `pending`: the record exists, but the service does not know yet whether its audio is in S3. */
export type AudioFileStatus = 'pending' | 'ready';

/** The record of an audio object in S3. */
export interface AudioFile {
  readonly fileId: string;
  readonly ownerId: string;
  readonly status: AudioFileStatus;
  readonly s3Key: string;
  /** Bytes; `null` if unknown. */
  readonly fileSize: number | null;
  /** Unix seconds. */
  readonly uploadedAt: number;
  /** Unix seconds; `null` if unknown. */
  readonly recordedAt: number | null;
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly durationSeconds: number | null;
  readonly contentType: string | null;
  /** In hexadecimal, as sent by the client. */
  readonly checksumSha256: string | null;
  /**
   * ETag of the object, with its quotation marks; `null` if the service has not read it. If it is set, the size is from
   * S3 too.
   */
  readonly objectEtag: string | null;
  /** Number of changes of the record, starting at 0, or at a random number if its id may be used again. */
  readonly version: number;
  /** Fingerprint of the request that created the record, if the request had an idempotency key. */
  readonly requestHash: string | null;
  /** When the last upload URL for a pending record was returned, if not at creation; Unix seconds. */
  readonly ticketAt?: number;
}

/** The details of a record that a client sends. */
export type AudioFileDetails = Pick<
  AudioFile,
  'fileSize' | 'recordedAt' | 'title' | 'tags' | 'durationSeconds' | 'contentType' | 'checksumSha256'
>;

/** A record to create: for an object that is in S3, or, without a key, for one that the client is going to upload. */
export interface NewAudioFile extends AudioFileDetails {
  readonly s3Key?: string;
}

/** An object to be uploaded: its upload URL accepts only this type and size. */
export type UploadableFile = AudioFile & { readonly fileSize: number; readonly contentType: string };

/** The changes that a client may make. Absent members are not changed. */
export interface AudioFileChanges {
  readonly title?: string | null;
  readonly tags?: readonly string[];
}

/** Position of a record in its owner's list. */
export interface ListPosition {
  /** Exactly as stored; Unix seconds. */
  readonly uploadedAt: number;
  readonly fileId: string;
}

/** Inclusive bounds, each optional. */
export interface Range {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The filters of a list. */
export interface AudioFileFilter {
  /** Unix seconds. */
  readonly recorded?: Range;
  readonly tag?: string | undefined;
  /** Without parameters: matches this type with any parameters. */
  readonly contentType?: string | undefined;
  readonly status?: AudioFileStatus | undefined;
  /** Bytes. */
  readonly size?: Range;
  /** Part of the title or the key; compared like `tag`, see `searchText`. */
  readonly text?: string | undefined;
}

/** A request for a page of an owner's list. */
export interface ListRequest {
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  /** Where the previous page ended. */
  readonly after?: ListPosition | undefined;
  /** Unix seconds. */
  readonly uploaded: Range;
  readonly filter: AudioFileFilter;
}

export interface AudioFilePage {
  readonly files: readonly AudioFile[];
  /** Where the next page begins; absent on the last page. */
  readonly next?: ListPosition;
}
