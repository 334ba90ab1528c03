import type { StoredObject } from '../../storage/object-store.js';
import type { AudioFile } from '../records/audio-file.js';

export const NOT_UPLOADED = 'The audio has not been uploaded yet';

/**
 * Compares an object with what its record announced. An announced checksum is compared only with the checksum of S3: an
 * object without one may have any content.
 *
 * @returns the end of a sentence that starts with "the uploaded audio", or `undefined` if there is no difference
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
