import type { AudioFile } from '../records/audio-file.js';
import { extensionOf } from '../records/object-keys.js';

/** What is no part of a file's name anywhere: control and formatting characters, and what separates or means something. */
const NOT_IN_A_NAME = /[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;

/** Bytes of UTF-8 of a name without its extension; file systems take 255 in all, and addresses are short of room. */
const MAX_NAME_BYTES = 120;

/**
 * Parameters of a download's address by which S3 answers with the type of the record, whatever was uploaded, and as
 * something to save: no browser shows it in the place of a page.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function downloadHeaders(file: AudioFile): Record<string, string> {
  return {
    'response-content-type': file.contentType ?? 'application/octet-stream',
    'response-content-disposition': `attachment; ${filenameOf(file)}`,
  };
}

/** RFC 6266 §4.3: an ASCII form for everybody, and the name itself (RFC 8187) where it has more in it. */
function filenameOf({ title, fileId, contentType, s3Key }: AudioFile): string {
  const name = `${stemOf(title ?? '') || fileId}${extensionOf(contentType, s3Key)}`;
  // A percent sign is decoded by some and not by others.
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
  // Dots and blanks at the ends hide a file, or get lost.
  return kept.join('').replace(/^[.\s]+|[.\s]+$/gu, '');
}
