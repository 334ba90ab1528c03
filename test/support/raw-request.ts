import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestApp } from './test-app.js';

export interface RawAnswer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  /** The text as JSON, or `undefined` if it is not JSON. */
  body: unknown;
}

/**
 * Sends a request with exactly the given content: Supertest and `fetch` add a content type and support only some
 * methods.
 *
 * @param headers one with several values is sent in that many lines
 * @param body several chunks are sent chunked, without a Content-Length
 */
export async function sendRaw(
  { url }: Pick<TestApp, 'url'>,
  method: string,
  path: string,
  {
    headers = {},
    body,
  }: { headers?: Record<string, string | string[]>; body?: Buffer | string | (Buffer | string)[] } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, { method, headers, agent: false }, (answer) => {
      text(answer).then((received) => {
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: received,
          body: parseJson(received),
        });
      }, reject);
    });
    outgoing.once('error', reject);
    if (Array.isArray(body)) {
      for (const piece of body) outgoing.write(piece);
      outgoing.end();
    } else {
      outgoing.end(body);
    }
  });
}

function parseJson(received: string): unknown {
  try {
    return JSON.parse(received);
  } catch {
    return undefined;
  }
}
