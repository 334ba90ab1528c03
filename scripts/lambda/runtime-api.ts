import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Answer, MAX_RESPONSE_BYTES } from './invocation.js';

/** An error as the runtime reports it. */
export interface ReportedError {
  errorType: string;
  errorMessage: string;
}

/** What an execution environment does with the calls of its runtime. */
export interface RuntimeCalls {
  /** The runtime waits for its next invocation, the answer to this call. */
  next(reply: (headers: Record<string, string>, event: string) => void): void;
  /** Whether this invocation is the one that the runtime works on. */
  isCurrent(requestId: string): boolean;
  /** The answer; of a streamed one its begin. */
  response(answer: Answer): void;
  /** The answer was too large for a buffered one and was refused. */
  responseTooLarge(): void;
  /** The whole answer has been taken. */
  responseEnd(): void;
  error(error: ReportedError): void;
  initError(error: ReportedError): void;
}

/** A Runtime API that listens. */
export interface RuntimeApi {
  /** `AWS_LAMBDA_RUNTIME_API`: host and port. */
  readonly address: string;
  close(): void;
}

const BASE = '/2018-06-01/runtime';
const TOO_LARGE = {
  errorMessage: `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
  errorType: 'RequestEntityTooLarge',
};

/** Serves the Lambda Runtime API (2018-06-01) to one runtime, on a port of its own on the loopback address. */
export async function startRuntimeApi(calls: RuntimeCalls): Promise<RuntimeApi> {
  const server = createServer((request, response) => {
    // Calls that break off are those of a runtime that was killed.
    route(calls, request, response).catch(() => response.destroy());
  });
  // A call for the next invocation lasts as long as the environment is frozen.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

async function route(calls: RuntimeCalls, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${BASE}/invocation/next`) {
    calls.next((headers, event) => {
      response.writeHead(200, { 'Content-Type': 'application/json', ...headers });
      response.end(event);
    });
    return;
  }
  if (path === `${BASE}/init/error`) {
    calls.initError(await readError(request));
    return accepted(response);
  }
  const [, requestId = '', what] =
    /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
  if (request.method !== 'POST' || !calls.isCurrent(requestId)) {
    return refused(response, 400, { errorMessage: 'Invalid request ID', errorType: 'InvalidRequestID' });
  }
  if (what === 'error') {
    calls.error(await readError(request));
    return accepted(response);
  }
  await (request.headers['lambda-runtime-function-response-mode'] === 'streaming'
    ? takeStream(calls, request, response)
    : takePayload(calls, request, response));
}

async function takePayload(
  calls: RuntimeCalls,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const payload = await buffer(request);
  if (payload.length > MAX_RESPONSE_BYTES) {
    calls.responseTooLarge();
    return refused(response, 413, TOO_LARGE);
  }
  calls.response({ kind: 'buffered', payload });
  calls.responseEnd();
  accepted(response);
}

/** The body is read by whoever writes the answer; no more of it is taken than the client of the function reads. */
async function takeStream(
  calls: RuntimeCalls,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    request.once('end', resolve);
    request.once('error', reject);
  });
  calls.response({
    kind: 'streamed',
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    body: request,
    failed: () => request.trailers['lambda-runtime-function-error-type'] !== undefined,
  });
  await ended;
  calls.responseEnd();
  accepted(response);
}

async function readError(request: IncomingMessage): Promise<ReportedError> {
  return JSON.parse((await buffer(request)).toString()) as ReportedError;
}

function accepted(response: ServerResponse): void {
  response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
}

function refused(response: ServerResponse, status: number, error: ReportedError): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(error));
}
