import type { StoredObject } from '../../storage/object-store.js';
import type { AudioFile } from '../records/audio-file.js';

/**
 * How an object differs from what its record announced, to follow "the uploaded audio"; `undefined` where it does not. A
 * checksum that was announced is compared with the one of S3, and with nothing else: an object without one may be
 * anything.
 */
export function differenceOf(
  { fileSize, checksumSha256 }: Pick<AudioFile, 'fileSize' | 'checksumSha256'>,
  { size, sha256 }: StoredObject,
): string | undefined {
  if (fileSize !== null && size !== fileSize) return `has ${size} bytes, and ${fileSize} were announced`;
  if (checksumSha256 === null || sha256 === checksumSha256) return undefined;
  return sha256 === undefined
    ? 'has no SHA-256 checksum at S3, and one was announced'
    : 'has another SHA-256 checksum than announced';
}
