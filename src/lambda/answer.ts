import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { PROBLEM_JSON, type ProblemDto } from '../common/http/problems/problem.js';

/** What Lambda takes of an invocation that does not stream: 6 MB, with what is around the answer. Bytes. */
const MAX_PAYLOAD = 6 * 1024 * 1024;

/** Of the connection within the function, and what gateways write themselves: those of the function come back renamed. */
const DROPPED = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

/** An answer whose body is still coming. */
export interface StreamedAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** An answer as a function returns it: payload format 2.0. */
export interface BufferedAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Headers that Lambda takes: one value each. */
export function headersOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || DROPPED.has(name) ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}

/**
 * Reads all of an answer. One that is too large is not read to its end: it becomes a problem that says what to do.
 *
 * @param path of the request, for the problem
 */
export async function buffered(answer: StreamedAnswer, path: string): Promise<BufferedAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_PAYLOAD) return tooLarge(answer, path);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const isText = isUtf8(bytes);
  const whole: BufferedAnswer = {
    statusCode: answer.statusCode,
    headers: answer.headers,
    body: bytes.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
  // Control characters take six bytes in JSON.
  const fits = size * 6 < MAX_PAYLOAD || Buffer.byteLength(JSON.stringify(whole)) <= MAX_PAYLOAD;
  return fits ? whole : tooLarge(answer, path);
}

/** Headers of an answer that say nothing of its body. */
export function withoutBodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^content-(?!security)|^etag$|^link$/.test(name)),
  );
}

/** What became of an answer that this deployment cannot send. */
function tooLarge({ headers }: StreamedAnswer, path: string): BufferedAnswer {
  return problem(
    501,
    'The answer is larger than the 6 MB that this deployment can send: ask for less at once, or for a deployment whose ' +
      'function URL streams responses',
    path,
    withoutBodyHeaders(headers),
  );
}

/**
 * A problem that comes about outside of the application.
 *
 * @param headers that it has besides; its id is taken from them
 */
export function problem(
  status: number,
  detail: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): BufferedAnswer {
  const requestId = headers['x-request-id'] ?? randomUUID();
  const body: ProblemDto = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: path,
    request_id: requestId,
  };
  return {
    statusCode: status,
    headers: {
      'cache-control': 'no-store',
      ...headers,
      'content-type': PROBLEM_JSON,
      'x-request-id': requestId,
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}
