/** `pending`: recorded, and its audio not yet known to be in S3. */
export type AudioFileStatus = 'pending' | 'ready';

/** The record of an audio object in S3. */
export interface AudioFile {
  readonly fileId: string;
  readonly ownerId: string;
  readonly status: AudioFileStatus;
  readonly s3Key: string;
  /** Bytes; `null` where unknown. */
  readonly fileSize: number | null;
  /** Unix seconds. */
  readonly uploadedAt: number;
  /** Unix seconds; `null` where unknown. */
  readonly recordedAt: number | null;
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly durationSeconds: number | null;
  readonly contentType: string | null;
  /** In hexadecimal, as the client said it. */
  readonly checksumSha256: string | null;
  /** ETag of the object, with its quotation marks; `null` where the service has not seen it. Then the size is S3's too. */
  readonly objectEtag: string | null;
  /** Counts the changes of the record, from 0 or, where its id may come again, from a random number. */
  readonly version: number;
  /** Fingerprint of the request that made the record, where the client gave that an idempotency key. */
  readonly requestHash: string | null;
  /** When an upload URL was last given for a pending record, where not with the record; Unix seconds. */
  readonly ticketAt?: number;
}

/** What a client says of a record. */
export type AudioFileDetails = Pick<
  AudioFile,
  'fileSize' | 'recordedAt' | 'title' | 'tags' | 'durationSeconds' | 'contentType' | 'checksumSha256'
>;

/** What a client wants recorded: an object that is in S3, or, without a key, one that it is going to upload. */
export interface NewAudioFile extends AudioFileDetails {
  readonly s3Key?: string;
}

/** An object to be uploaded: type and size are part of what its address allows. */
export type UploadableFile = AudioFile & { readonly fileSize: number; readonly contentType: string };

/** What a client may change; what is absent stays. */
export interface AudioFileChanges {
  readonly title?: string | null;
  readonly tags?: readonly string[];
}

/** Where a record stands in its owner's list. */
export interface ListPosition {
  /** Exactly as stored; Unix seconds. */
  readonly uploadedAt: number;
  readonly fileId: string;
}

/** Bounds, both included, each of which may be absent. */
export interface Range {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Which records of a list are wanted. */
export interface AudioFileFilter {
  /** Unix seconds. */
  readonly recorded?: Range;
  readonly tag?: string | undefined;
  /** Without parameters: those of this type with any. */
  readonly contentType?: string | undefined;
  readonly status?: AudioFileStatus | undefined;
  /** Bytes. */
  readonly size?: Range;
  /** Part of the title or the key; compared as `tag` is, see `searchText`. */
  readonly text?: string | undefined;
}

/** A piece of an owner's list. */
export interface ListRequest {
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  /** Where the piece before ended. */
  readonly after?: ListPosition | undefined;
  /** Unix seconds. */
  readonly uploaded: Range;
  readonly filter: AudioFileFilter;
}

export interface AudioFilePage {
  readonly files: readonly AudioFile[];
  /** Where the next piece begins; absent at the end of the list. */
  readonly next?: ListPosition;
}
