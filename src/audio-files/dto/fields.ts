/** Values that several DTOs share. */

/** Maximum size of an object in S3, and of one PUT: 5 TiB and 5 GiB. */
export const MAX_FILE_SIZE = 5 * 1024 ** 4;
export const MAX_UPLOAD_SIZE = 5 * 1024 ** 3;

/** One year: longer than any recording. A longer duration is a mistake. */
export const MAX_DURATION = 366 * 24 * 3600;

/**
 * RFC 9110 §8.3.1, for audio and for encrypted audio, including parameters such as `codecs`. Browsers and phones detect
 * files of voice recorders as containers whose type is `video/…`.
 */
export const CONTENT_TYPE =
  /^(?:audio\/[\w!#$&^.+-]{1,60}|video\/(?:mp4|3gpp|webm)|application\/(?:ogg|octet-stream))(?: ?; ?[\w!#$&^.+-]{1,30}=(?:[\w!#$&^.+-]{1,60}|"[\x20\x21\x23-\x5b\x5d-\x7e]{1,60}")){0,4}$/i;
export const NOT_A_CONTENT_TYPE =
  'must be an audio type such as audio/mp4, or video/mp4, video/3gpp, video/webm, application/ogg or application/octet-stream';

/** The types that {@link CONTENT_TYPE} accepts besides encrypted audio, in words. */
export const CONTENT_TYPES =
  'An audio type; `video/mp4`, `video/3gpp`, `video/webm` or `application/ogg`, the types that are often detected for recordings';

export const SHA256 = /^[0-9a-f]{64}$/i;

/** `null` and an empty text both mean "not set": some clients cannot send `null`. */
export const TITLE = { type: String, minLength: 0, maxLength: 200, example: 'Monday, on the train' } as const;
export const TAGS = {
  type: 'array',
  maxItems: 20,
  items: { type: 'string', minLength: 1, maxLength: 40 },
  example: ['interview', 'draft'],
} as const;
export const BYTES = { type: 'integer', format: 'int64', minimum: 0, maximum: MAX_FILE_SIZE } as const;
export const DURATION = { type: Number, minimum: 0, maximum: MAX_DURATION, example: 93.5 } as const;
export const CONTENT_TYPE_FIELD = { type: String, maxLength: 400, example: 'audio/mp4' } as const;
export const CHECKSUM = {
  type: String,
  pattern: '^[0-9a-fA-F]{64}$',
  minLength: 64,
  maxLength: 64,
  example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
} as const;

/** Media types are case-insensitive: names in lower case, values of parameters unchanged. */
export function normalizedType(contentType: string): string {
  const [type = '', ...parameters] = contentType.split(';');
  const rest = parameters.length > 0 ? `;${parameters.join(';').trim()}` : '';
  return type.trim().toLowerCase() + rest;
}
