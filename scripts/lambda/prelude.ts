import type { Readable } from 'node:stream';

/** Between the prelude and the body of a streamed answer. */
const DELIMITER = Buffer.alloc(8);

/**
 * Reads the prelude of a streamed answer; the stream can be read on afterwards.
 *
 * @returns the prelude and what was read of the body, or undefined where the stream ended before the delimiter
 * @throws the error of the stream, where its sender is gone
 */
export async function readPrelude(body: Readable): Promise<{ prelude: Buffer; rest: Buffer } | undefined> {
  let seen = Buffer.alloc(0);
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    seen = Buffer.concat([seen, chunk as Buffer]);
    const end = seen.indexOf(DELIMITER);
    if (end >= 0) return { prelude: seen.subarray(0, end), rest: seen.subarray(end + DELIMITER.length) };
  }
  return undefined;
}

/**
 * Reads what the stream has first, empty where it ends at once; it can be read on afterwards.
 *
 * @throws the error of the stream, where its sender is gone
 */
export async function readFirst(body: Readable): Promise<Buffer> {
  for await (const chunk of body.iterator({ destroyOnReturn: false })) return chunk as Buffer;
  return Buffer.alloc(0);
}
