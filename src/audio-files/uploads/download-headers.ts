import type { AudioFile } from '../records/audio-file.js';
import { extensionOf } from '../records/object-keys.js';

/** Characters that file names cannot contain: control and formatting characters, separators and reserved characters. */
const NOT_IN_A_NAME = /[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;

/**
 * Maximum length of a name without its extension, in bytes of UTF-8. File systems allow 255 in total, and the length of
 * URLs is limited.
 */
const MAX_NAME_BYTES = 120;

/**
 * Query parameters of a download URL that make S3 answer with the type of the record, whatever type was uploaded, and
 * as an attachment: no browser displays it as a page.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function downloadHeaders(file: AudioFile): Record<string, string> {
  return {
    'response-content-type': file.contentType ?? 'application/octet-stream',
    'response-content-disposition': `attachment; ${filenameOf(file)}`,
  };
}

/** RFC 6266 §4.3: an ASCII form for all clients, and the complete name (RFC 8187) if it has other characters. */
function filenameOf({ title, fileId, contentType, s3Key }: AudioFile): string {
  const name = `${stemOf(title ?? '') || fileId}${extensionOf(contentType, s3Key)}`;
  // Some clients decode a percent sign and others do not.
  const ascii = name.replace(/[^\x20-\x7e]|%/gu, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return ascii === name ? `filename="${ascii}"` : `filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function stemOf(title: string): string {
  let bytes = 0;
  const kept = [...title.toWellFormed().replace(NOT_IN_A_NAME, '_')].filter(
    (character) => (bytes += Buffer.byteLength(character)) <= MAX_NAME_BYTES,
  );
  // Leading dots hide a file, and trailing dots and spaces get lost.
  return kept.join('').replace(/^[.\s]+|[.\s]+$/gu, '');
}
