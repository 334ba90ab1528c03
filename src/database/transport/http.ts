import { Pool } from 'undici';
import { connectionOptions } from '../../common/aws-client.js';
import { FreshConnections } from '../../common/fresh-connections.js';

/** An answer of any status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The SDK handler's names for errors of undici. Other code checks these names. */
const NAMES: Readonly<Record<string, string>> = {
  UND_ERR_ABORTED: 'AbortError',
  UND_ERR_HEADERS_TIMEOUT: 'TimeoutError',
  UND_ERR_BODY_TIMEOUT: 'TimeoutError',
  UND_ERR_CONNECT_TIMEOUT: 'TimeoutError',
  UND_ERR_SOCKET: 'RequestTimeout',
};

/** Connections to DynamoDB. */
export class HttpPool {
  private readonly connections: FreshConnections;

  /** @param budgetMs limit for a whole call. One attempt gets less, so that there is time for a second one */
  constructor(origin: string, budgetMs: number) {
    this.connections = new FreshConnections(() => new Pool(origin, connectionOptions(budgetMs)));
  }

  /**
   * Sends a POST and returns the whole answer.
   *
   * @throws Error of undici or of the system, with the name that the SDK's handler uses
   */
  async post(
    path: string,
    headers: Record<string, string>,
    body: string,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      let status = 0;
      let answered: HttpAnswer['headers'] = {};
      const chunks: Buffer[] = [];
      let cancel: ((reason: Error) => void) | undefined;
      const abort = () => {
        const error = abortError(signal);
        cancel?.(error);
        reject(error);
      };
      const end = () => signal?.removeEventListener('abort', abort);
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.connections.dispatch(
        { path, method: 'POST', headers, body },
        {
          onRequestStart(controller) {
            if (signal?.aborted) controller.abort(abortError(signal));
            else cancel = (reason) => controller.abort(reason);
          },
          onResponseStart(_controller, statusCode, responseHeaders) {
            status = statusCode;
            answered = responseHeaders;
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            end();
            const [first] = chunks;
            resolve({
              status,
              headers: answered,
              body: chunks.length === 1 && first ? first : Buffer.concat(chunks),
            });
          },
          onResponseError(_controller, error: Error & { code?: string }) {
            end();
            const name = NAMES[error.code ?? ''];
            reject(name === undefined ? error : Object.assign(error, { name }));
          },
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.connections.destroy();
  }
}

function abortError(signal?: AbortSignal): Error {
  const error = new Error('The call was given up', { cause: signal?.reason });
  error.name = 'AbortError';
  return error;
}
