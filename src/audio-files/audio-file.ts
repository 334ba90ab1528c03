/** The record of an audio object in S3. */
export interface AudioFile {
  readonly fileId: string;
  readonly ownerId: string;
  readonly s3Key: string;
  /** Bytes; `null` where unknown. */
  readonly fileSize: number | null;
  /** Unix seconds. */
  readonly uploadedAt: number;
  /** Unix seconds; `null` where unknown. */
  readonly recordedAt: number | null;
}

/** What a client says of a new record. */
export type NewAudioFile = Pick<AudioFile, 's3Key' | 'fileSize' | 'recordedAt'>;
