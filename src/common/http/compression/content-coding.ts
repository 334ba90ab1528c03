import type { Transform } from 'node:stream';
import {
  type BrotliOptions,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  gzipSync,
  type ZlibOptions,
} from 'node:zlib';
import type { Request } from 'express';

/** Content codings that answers are compressed by (RFC 9110 §8.4.1). */
export type ContentCoding = 'br' | 'gzip';

/** What is shorter fits into one packet as it is; bytes. */
export const COMPRESSED_FROM = 1024;

/**
 * The fastest there is: a page of 50 records, 22 KB, becomes 4.2 KB in 59 to 115 µs (br) or 4.0 KB in 100 to 114 (gzip), and better levels take
 * up to 5 times as long for a tenth less.
 */
const BROTLI: BrotliOptions = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    // What one may look back: more takes more memory for each stream, and saves nothing here.
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
};
const GZIP: ZlibOptions = { level: 1 };

/** The coding that a client takes, of which br is the cheaper one; `undefined` for none. */
export function codingFor(request: Pick<Request, 'acceptsEncodings'>): ContentCoding | undefined {
  if (request.acceptsEncodings('br')) return 'br';
  return request.acceptsEncodings('gzip') ? 'gzip' : undefined;
}

/** Compresses a page at once: shorter than a way to the threads and back, where hashes may stand before it. */
export function compressed(body: Buffer, coding: ContentCoding): Buffer {
  return coding === 'br' ? brotliCompressSync(body, BROTLI) : gzipSync(body, GZIP);
}

/** Compresses a stream, a piece at a time. */
export function compressor(coding: ContentCoding): Transform {
  return coding === 'br' ? createBrotliCompress(BROTLI) : createGzip(GZIP);
}
