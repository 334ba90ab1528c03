import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { objectStorage } from './engine.js';

/** One HTTP request to S3. */
export interface StorageCall {
  /** `HeadObject`, `DeleteObjects`, … */
  readonly operation: string;
  /** 1 for the first request of this operation since the last `behave`. */
  readonly attempt: number;
}

/** A response of the stub. */
export interface StorageAnswer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
  /**
   * How the response ends after its body: `late` never ends, `cut` closes the connection; both announce one byte more.
   */
  end?: 'late' | 'cut';
}

/**
 * What the stub does with a call: `forward` it to the S3 stand-in of the tests, forward it and close the connection
 * instead of the response, `cut` immediately, never answer (`silence`), or return its own response.
 */
export type StorageBehaviour = 'forward' | 'forward-then-cut' | 'cut' | 'silence' | StorageAnswer;

type Decide = (call: StorageCall) => StorageBehaviour | Promise<StorageBehaviour>;

/** A proxy between the application and its object store that fails like S3, a proxy or a network. */
export interface StorageStub {
  /** For `S3_ENDPOINT`. */
  readonly endpoint: string;
  /** Operations since the last `behave`, each attempt of the SDK separately. */
  readonly calls: string[];
  /** Sets the behaviour for the calls that follow. */
  behave(decide: Decide): void;
  close(): Promise<void>;
}

/** An error in the format of S3. */
export function s3Error(status: number, code: string, headers: Record<string, string> = {}): StorageAnswer {
  const words = `${code}: arn:aws:s3:::secret-bucket, 123456789012`;
  const body =
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${words}</Message>` +
    '<RequestId>4442587FB7D0A2F9</RequestId><HostId>aws-secret-host</HostId></Error>';
  return { status, body, headers: { 'Content-Type': 'application/xml', ...headers } };
}

export async function startStorageStub(): Promise<StorageStub> {
  const calls: string[] = [];
  let decide: Decide = () => 'forward';

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = operationOf(request);
    calls.push(operation);
    const attempt = calls.filter((name) => name === operation).length;
    const body = await buffer(request);
    const behaviour = await decide({ operation, attempt });
    if (behaviour === 'silence') return;
    if (behaviour === 'cut') {
      request.socket.destroy();
    } else if (behaviour === 'forward' || behaviour === 'forward-then-cut') {
      const answer = await forward(request, body);
      if (behaviour === 'forward-then-cut') request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    } else {
      give(request, response, behaviour);
    }
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    behave(next) {
      calls.length = 0;
      decide = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function give(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body = '', headers, end }: StorageAnswer,
): void {
  const length = Buffer.byteLength(body) + (end === undefined ? 0 : 1);
  response.writeHead(status, { 'Content-Length': length, ...headers });
  // A response to HEAD has a content length and no body.
  if (end === undefined || request.method === 'HEAD') response.end(body);
  else response.write(body, () => end === 'cut' && request.socket.destroy());
}

/** The operation's name in the API of S3, for the operations in use. */
function operationOf({ method = '', url = '' }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const target = /^\/[^/]+\/./.test(pathname) ? 'Object' : 'Bucket';
  if (searchParams.has('delete')) return 'DeleteObjects';
  if (searchParams.has('list-type')) return 'ListObjectsV2';
  return `${method[0]}${method.slice(1).toLowerCase()}${target}`;
}

async function forward(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    // With the original host, which is part of the signature of a URL of the stub.
    const options = { method, path: url, headers: { ...headers, connection: 'close' }, agent: false };
    const request = httpRequest(objectStorage().endpoint, options, (answer) => {
      const kept = Object.entries(answer.headers).filter(
        ([name]) => !/^(connection|keep-alive|transfer-encoding)$/.test(name),
      );
      const answered = {
        status: answer.statusCode ?? 500,
        headers: Object.fromEntries(kept) as Record<string, string>,
      };
      buffer(answer).then((read) => resolve({ ...answered, body: read }), reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}
