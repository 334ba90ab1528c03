import { type Dispatcher, request } from 'undici';
import { OBJECTS } from './footprint.js';
import type { Actor } from './gate.js';

/** An answer, as the client of an operation sees it. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag?: string | undefined;
}

/** What is sent. */
export interface Sending {
  /** Bearer token. */
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Sends the requests of one operation to one instance. Each waits for its turn before it is sent. */
export class Client {
  constructor(
    private readonly url: string,
    private readonly dispatcher: Dispatcher,
    private readonly requestId: string,
    private readonly actor: Actor,
    /** Is told when the first request is sent. */
    private began: () => void,
  ) {}

  async send(
    method: Dispatcher.HttpMethod,
    path: string,
    { token, body, headers = {} }: Sending = {},
  ): Promise<Answer> {
    return this.pass(() =>
      exchange(this.dispatcher, method, this.url + path, {
        ...(token !== undefined && { token }),
        ...(body !== undefined && { body }),
        headers: { ...headers, 'X-Request-Id': this.requestId },
      }),
    );
  }

  /** Uploads to a signed URL, when its turn has come. */
  async upload<T>(make: () => Promise<T>): Promise<T> {
    return this.pass(make, [OBJECTS]);
  }

  /**
   * Does what is no request to the service, when its turn has come.
   *
   * @param items what is written by it at once; see `Footprint`
   */
  async pass<T>(make: () => Promise<T>, items: readonly string[] = []): Promise<T> {
    await this.actor.point(items);
    this.began();
    this.began = () => undefined;
    return make();
  }
}

/** Sends a request and reads the answer, which is JSON. */
export async function exchange(
  dispatcher: Dispatcher,
  method: Dispatcher.HttpMethod,
  url: string,
  { token, body, headers = {} }: Sending,
): Promise<Answer> {
  const answer = await request(url, {
    ...{ dispatcher, method },
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    body: JSON.parse(text) as Record<string, unknown>,
    etag: answer.headers['etag'] as string | undefined,
  };
}
