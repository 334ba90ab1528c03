import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { engine } from './engine.js';

/** One HTTP request of the SDK. */
export interface DatabaseCall {
  /** `GetItem`, `TransactWriteItems`, … */
  readonly operation: string;
  /** 1 for the first request of this operation since the last `behave`. */
  readonly attempt: number;
  /** As it is sent. */
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * What the stub does with a call: `forward` it to the engine of the tests, forward it and close the connection instead
 * of the response, `cut` immediately, never answer (`silence`), return its own response, complete or truncated, or, for
 * a BatchWriteItem or BatchGetItem, forward some rows and return the others as unprocessed.
 */
export type Behaviour =
  | 'forward'
  | 'forward-then-cut'
  | 'cut'
  | 'silence'
  | { status: number; body: string; type?: string; cutShort?: boolean; headers?: Record<string, string> }
  | { leave: (row: StubRow) => boolean };

/** Attributes of a row to put, or the key of one to get or delete, as DynamoDB writes them. */
export type StubRow = Record<string, { S?: string }>;

/** A proxy between the application and the engine that fails like DynamoDB, a proxy or a network. */
export interface DatabaseStub {
  readonly endpoint: string;
  /** Operations since the last `behave`, each attempt of the SDK separately. */
  readonly calls: string[];
  /** Sets the behaviour for the calls that follow. */
  behave(decide: (call: DatabaseCall) => Behaviour | Promise<Behaviour>): void;
  close(): Promise<void>;
}

/** An error in the format of DynamoDB. */
export function dynamoDbError(status: number, name: string, more: Record<string, unknown> = {}): Behaviour {
  const message = `${name}: arn:aws:dynamodb:us-east-1:123456789012:table/secret`;
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message, ...more };
  return { status, body: JSON.stringify(body) };
}

export async function startDatabaseStub(): Promise<DatabaseStub> {
  const calls: string[] = [];
  let decide: (call: DatabaseCall) => Behaviour | Promise<Behaviour> = () => 'forward';

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    calls.push(operation);
    const body = await buffer(request);
    const attempt = calls.filter((name) => name === operation).length;
    const input = JSON.parse(body.toString()) as DatabaseCall['input'];
    const behaviour = await decide({ operation, attempt, input });
    if (behaviour === 'silence') return;
    if (behaviour === 'cut') {
      request.socket.destroy();
    } else if (behaviour === 'forward' || behaviour === 'forward-then-cut') {
      const answer = await forward(request, body);
      if (behaviour === 'forward-then-cut') request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    } else if ('leave' in behaviour) {
      const answer = await forwardInPart(request, body, behaviour.leave);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } else {
      const { status, type = 'application/x-amz-json-1.0', cutShort = false, headers } = behaviour;
      const length = Buffer.byteLength(behaviour.body) + (cutShort ? 1 : 0);
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': length, ...headers });
      response.write(behaviour.body, () => (cutShort ? request.socket.destroy() : response.end()));
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

interface WriteRequest {
  PutRequest?: { Item: StubRow };
  DeleteRequest?: { Key: StubRow };
}
type Requested = WriteRequest[] | { Keys: StubRow[] };

/** Answers a request for rows like DynamoDB without capacity for some of them. */
async function forwardInPart(
  request: IncomingMessage,
  body: Buffer,
  leave: (row: StubRow) => boolean,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const sent = JSON.parse(body.toString()) as { RequestItems: Record<string, Requested> };
  const [left, done] = [
    partOf(sent.RequestItems, (row) => leave(row)),
    partOf(sent.RequestItems, (row) => !leave(row)),
  ];
  const given = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() };
  let answer = { status: 200, headers: given as Record<string, string>, answered: {} };
  if (Object.keys(done).length > 0) {
    const rest = Buffer.from(JSON.stringify({ ...sent, RequestItems: done }));
    const { status, headers, body: json } = await forward(request, rest);
    // The checksum is for the engine's own body.
    const kept = Object.entries(headers).filter(([name]) => name !== 'x-amz-crc32');
    answer = { status, headers: Object.fromEntries(kept), answered: JSON.parse(json.toString()) as object };
  }
  const name = Object.values(sent.RequestItems).some(Array.isArray) ? 'UnprocessedItems' : 'UnprocessedKeys';
  return { ...answer, body: JSON.stringify({ ...answer.answered, [name]: left }) };
}

/** A part of the request items, without empty tables. */
function partOf(
  items: Record<string, Requested>,
  isWanted: (row: StubRow) => boolean,
): Record<string, Requested> {
  const parts = Object.entries(items).map(([table, asked]): [string, Requested] => [
    table,
    Array.isArray(asked)
      ? asked.filter((write) => isWanted(write.PutRequest?.Item ?? write.DeleteRequest?.Key ?? {}))
      : { ...asked, Keys: asked.Keys.filter(isWanted) },
  ]);
  return Object.fromEntries(
    parts.filter(([, asked]) => (Array.isArray(asked) ? asked : asked.Keys).length > 0),
  );
}

async function forward(
  { method, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers, 'content-length': body.length, connection: 'close' },
      agent: false,
    };
    const request = httpRequest(engine().endpoint, options, (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => /^(content-type|x-amz.*)$/.test(name));
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
