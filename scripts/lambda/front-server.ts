import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import type { EmulatorClock } from './clock.js';
import type { Environments } from './environments.js';
import { toEvent } from './event.js';
import type { Gateway } from './gateway.js';
import { fromPayload, fromPrelude, type HttpResponse, type ResponseHead } from './http-response.js';
import { type Answer, MAX_EVENT_BYTES, MAX_RESPONSE_BYTES, ThrottledError } from './invocation.js';
import type { InvokeMode } from './options.js';
import { readFirst, readPrelude } from './prelude.js';

/** What stands behind the server. */
export interface Backend {
  gateway: Gateway;
  mode: InvokeMode;
  environments: Environments;
  clock: EmulatorClock;
  log: (line: string) => void;
}

const INTEGRATION_RESPONSE = 'application/vnd.awslambda.http-integration-response';

/** The HTTP server that clients talk to: each request is an invocation of the function. */
export function createFrontServer(backend: Backend): Server {
  const server = createServer((request, response) => {
    handle(backend, request, response).catch((error: unknown) => {
      backend.log(`Emulator: ${error instanceof Error ? String(error.stack) : String(error)}`);
      response.destroy();
    });
  });
  // As gateways do, longer than clients keep theirs: a connection is closed by the side that does not send next.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function handle(backend: Backend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { gateway, environments, clock } = backend;
  const invocationId = randomUUID();
  const requestId = gateway.requestId(invocationId);
  const traceId = newTraceId(clock.now());
  const added = gateway.changesHeaders ? gateway.addedHeaders({ requestId, traceId }) : {};
  for (const [name, value] of Object.entries(added)) response.setHeader(name, value);
  const body = await readBody(request, gateway.maxBodyBytes);
  if (body === undefined) return send(response, gateway.tooLarge());
  const event = JSON.stringify(toEvent(request, { body, requestId, traceId, timeMs: clock.now() }, gateway));
  if (Buffer.byteLength(event) > MAX_EVENT_BYTES) return send(response, gateway.tooLarge());
  try {
    const answer = await environments.invoke({ requestId: invocationId, traceId, event });
    await respond(backend, answer, response);
  } catch (error) {
    if (error instanceof ThrottledError) return send(response, gateway.throttled());
    backend.log(`Emulator: ${error instanceof Error ? error.message : String(error)}`);
    // Once a streamed answer has begun, the only way to say that it failed is to break it off.
    if (response.headersSent) response.destroy();
    else send(response, gateway.failed());
  }
}

/** The body, or undefined where it is larger than `limit`: it is read to its end all the same, so that the client can read. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}

async function respond(backend: Backend, answer: Answer, response: ServerResponse): Promise<void> {
  const { gateway, mode } = backend;
  if (mode === 'stream') return respondWithStream(gateway, answer, response);
  send(response, fromPayload(await payloadOf(answer), gateway));
}

/** A streamed answer is collected where the front cannot stream. */
export async function payloadOf(answer: Answer): Promise<Buffer> {
  if (answer.kind === 'buffered') return answer.payload;
  const payload = await buffer(answer.body);
  if (answer.failed()) throw new Error('The function failed while it streamed');
  if (payload.length > MAX_RESPONSE_BYTES)
    throw new Error('The answer is too large for a front that cannot stream');
  return payload;
}

async function respondWithStream(gateway: Gateway, answer: Answer, response: ServerResponse): Promise<void> {
  // What was not streamed is the body as it is: a front that streams does not look into it.
  if (answer.kind === 'buffered') {
    return send(response, {
      status: 200,
      headers: [['Content-Type', 'application/octet-stream']],
      body: answer.payload,
    });
  }
  try {
    const { head, rest } = await beginOf(gateway, answer);
    if (answer.failed()) throw new Error('The function failed before it wrote anything');
    writeHead(response, head);
    if (rest.length > 0) response.write(rest);
    await relay(answer.body, response);
  } finally {
    // Its sender must come to its end, read or not.
    answer.body.resume();
  }
  if (answer.failed()) throw new Error('The function failed while it streamed');
  response.end();
}

async function beginOf(
  gateway: Gateway,
  { contentType, body }: Answer & { kind: 'streamed' },
): Promise<{ head: ResponseHead; rest: Buffer }> {
  if (contentType !== INTEGRATION_RESPONSE) {
    return { head: { status: 200, headers: [['Content-Type', contentType]] }, rest: await readFirst(body) };
  }
  const begin = await readPrelude(body);
  if (begin === undefined) throw new Error('The stream ended before its prelude');
  return { head: fromPrelude(begin.prelude, gateway), rest: begin.rest };
}

/** Passes the body on as fast as the client reads. A client that leaves does not stop the function. */
async function relay(body: Readable, response: ServerResponse): Promise<void> {
  response.once('close', () => {
    body.unpipe(response);
    body.resume();
  });
  body.pipe(response, { end: false });
  await finished(body, { writable: false });
}

function send(response: ServerResponse, { body, ...head }: HttpResponse): void {
  writeHead(response, head, body.length);
  response.end(body);
}

function writeHead(response: ServerResponse, { status, headers }: ResponseHead, length?: number): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  if (length !== undefined && status !== 204 && status !== 304) response.setHeader('Content-Length', length);
  response.writeHead(status);
}

/** `Root=1-<Unix seconds in hex>-<96 bits in hex>` */
function newTraceId(timeMs: number): string {
  return `Root=1-${Math.trunc(timeMs / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
}
