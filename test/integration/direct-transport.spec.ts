import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDocumentClient } from '../../src/database/clients.js';
import { DirectDocumentClient } from '../../src/database/transport/direct-client.js';
import { answers, type Command, commands } from '../support/database-arbitraries.js';

interface Seen {
  target: string;
  contentType: string;
  body: unknown;
}

const LIMIT = { numRuns: 150 };

describe('the direct transport, beside the SDK', () => {
  let server: Server;
  let client: DynamoDBClient;
  let sdk: DynamoDBDocumentClient;
  let direct: DirectDocumentClient;
  let seen: Seen[];
  let answer: { status: number; body: string; headers?: Record<string, string> };

  beforeAll(async () => {
    server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const { 'x-amz-target': target, 'content-type': contentType } = request.headers;
        seen.push({
          target: String(target),
          contentType: String(contentType),
          body: JSON.parse(String(body)),
        });
        response
          .writeHead(answer.status, {
            'Content-Type': 'application/x-amz-json-1.0',
            'x-amzn-requestid': 'the-id',
            'x-amz-crc32': String(crc32(answer.body)),
            ...answer.headers,
          })
          .end(answer.body);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
    sdk = createDocumentClient(client);
    direct = new DirectDocumentClient(client, sdk, 5000);
  });

  beforeEach(() => {
    [seen, answer] = [[], { status: 200, body: '{}' }];
  });

  afterAll(async () => {
    await direct.close();
    client.destroy();
    server.close();
    server.closeAllConnections();
  });

  /** What both make of a command: what was sent, and what came of it. */
  async function both(command: Command): Promise<[unknown, unknown]> {
    const outcomes: unknown[] = [];
    for (const way of [sdk, direct]) {
      seen = [];
      const result = await way.send(command as never).then(
        (output: unknown) => ({ output }),
        (error: Error & { $metadata?: object }) => ({
          error: { ...error, message: error.message, name: error.name, constructor: error.constructor },
        }),
      );
      outcomes.push({ seen, ...comparable(result) });
    }
    return outcomes as [unknown, unknown];
  }

  it.each(commands)('sends the same for any %s', async (_name, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (command) => {
        const [theirs, ours] = await both(command);
        expect(ours).toEqual(theirs);
      }),
      LIMIT,
    );
  });

  it.each(answers)('reads the same from any answer to %s', async (_name, command, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (body) => {
        answer = { status: 200, body: JSON.stringify(body) };
        const [theirs, ours] = await both(command);
        expect(ours).toEqual(theirs);
      }),
      LIMIT,
    );
  });

  it('sends a transaction with a token that stays the same when it is tried again', async () => {
    const again = new DynamoDBClient({ ...client.config, maxAttempts: 2 } as never);
    const client2 = new DirectDocumentClient(again, createDocumentClient(again), 5000);
    answer = { status: 500, body: '{"__type":"InternalServerError"}' };
    await client2.send(new TransactWriteCommand({ TransactItems: [] })).catch(() => undefined);
    const tokens = seen.map(({ body }) => (body as { ClientRequestToken?: string }).ClientRequestToken);
    expect(tokens).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), tokens[0]]);
    await client2.close();
    again.destroy();
  });

  it.each([
    [
      400,
      {
        __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
        message: 'no',
        Item: { a: { B: 'AQ==' }, n: { N: '1' } },
      },
    ],
    [400, { __type: 'ConditionalCheckFailedException', Message: 'no' }],
    [
      400,
      {
        __type: 'x#TransactionCanceledException',
        Message: 'no',
        CancellationReasons: [
          { Code: 'None' },
          { Code: 'ConditionalCheckFailed', Message: 'm', Item: { a: { S: 'x' } } },
        ],
      },
    ],
    [400, { __type: 'x#ResourceNotFoundException', message: 'no table' }],
    [400, { __type: 'x#ValidationException', message: 'wrong' }],
    [400, { __type: 'x#ProvisionedThroughputExceededException', message: 'slow' }],
    [400, { __type: 'com.amazon.coral.service#UnrecognizedClientException', message: 'who' }],
    [400, { __type: 'com.amazon.coral.service#AccessDeniedException', Message: 'not you' }],
    [500, { __type: 'x#InternalServerError', message: 'broken' }],
    [503, { __type: 'x#SomethingNobodyKnows', message: 'broken' }],
    [400, { message: 'no type' }],
  ])('raises the same error for %d %j', async (status, body) => {
    answer = { status, body: JSON.stringify(body) };
    const [theirs, ours] = await both(new GetCommand({ TableName: 't', Key: {} }));
    expect(ours).toEqual(theirs);
  });

  it('leaves to the SDK what it does not know', async () => {
    await direct.send(new QueryCommand({ TableName: 't', KeyConditions: {} }));
    expect(seen[0]?.target).toBe('DynamoDB_20120810.Query');
  });

  it('takes an answer for none whose checksum is another', async () => {
    answer = { status: 200, body: '{"Item":{"a":{"S":"x"}}}', headers: { 'x-amz-crc32': '1' } };
    await expect(direct.send(new GetCommand({ TableName: 't', Key: {} }))).rejects.toThrow(
      'The checksum of an answer',
    );
  });
});

const LEFT_OUT = new Set(['$response', '$retryable', '__type', 'Message']);

/** Without what differs for good reasons: times, and the answer that the SDK hangs on to its errors. */
function comparable(value: object): object {
  const { error, ...rest } = value as { error?: Record<string, unknown> };
  if (!error) return rest;
  const told = Object.entries(error).filter(([name]) => !LEFT_OUT.has(name));
  return { ...rest, error: Object.fromEntries(told) };
}
