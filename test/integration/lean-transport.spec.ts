import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDocumentClient } from '../../src/database/clients.js';
import { LeanDocumentClient } from '../../src/database/lean/lean-client.js';

/** Of eight kinds, whose types have nothing in common. */
type Command = object;

interface Seen {
  target: string;
  contentType: string;
  body: unknown;
}

const LIMIT = { numRuns: 150 };

/** Values as a row of DynamoDB has them, none of them one that JavaScript cannot give back. */
const number = fc.oneof(
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })
    .map((n) => Number(n.toPrecision(15))),
);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 9 });
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    ...[text, number, fc.boolean(), fc.constant(null), fc.constant(undefined), fc.constant(''), bytes],
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((all) => new Set(all)),
    fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 3 }).map((all) => new Set(all)),
    fc.uniqueArray(bytes, { minLength: 1, maxLength: 3, selector: String }).map((all) => new Set(all)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom('B', 'BS', 'S', 'M', 'Item', 'Key'), text), tie('value'), {
      maxKeys: 3,
    }),
  ),
}));
const row = fc.dictionary(fc.oneof(fc.constantFrom('user_id', 'B', 'L', 'NULL'), text), value, {
  maxKeys: 5,
});
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const names = some(fc.dictionary(text, text, { maxKeys: 2 }));
const expression = {
  ConditionExpression: some(text),
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: some(row),
  ReturnConsumedCapacity: some(fc.constantFrom('TOTAL', 'NONE')),
};
const TableName = fc.constantFrom('one', 'another-table');
const inputs = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) =>
  fc
    .record(members)
    .map((input) => Object.fromEntries(Object.entries(input).filter(([, member]) => member !== undefined)));

const write = fc.oneof(
  row.map((Item) => ({ PutRequest: { Item } })),
  row.map((Key) => ({ DeleteRequest: { Key } })),
);
const part = fc.oneof(
  inputs({ TableName, Item: row, ConditionExpression: some(text), ExpressionAttributeValues: some(row) }).map(
    (Put) => ({ Put }),
  ),
  inputs({ TableName, Key: row, ExpressionAttributeNames: names }).map((Delete) => ({ Delete })),
  inputs({ TableName, Key: row, UpdateExpression: text, ExpressionAttributeValues: some(row) }).map(
    (Update) => ({ Update }),
  ),
  inputs({ TableName, Key: row, ConditionExpression: text }).map((ConditionCheck) => ({ ConditionCheck })),
);
const tables = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.dictionary(TableName, arbitrary, { minKeys: 1, maxKeys: 2 });

/** A way to make each command that the service uses. */
const commands: [string, fc.Arbitrary<Command>][] = [
  [
    'GetItem',
    inputs({ TableName, Key: row, ConsistentRead: some(fc.boolean()), ProjectionExpression: some(text) }).map(
      (i) => new GetCommand(i as never),
    ),
  ],
  ['PutItem', inputs({ TableName, Item: row, ...expression }).map((i) => new PutCommand(i as never))],
  [
    'UpdateItem',
    inputs({ TableName, Key: row, UpdateExpression: text, ...expression }).map(
      (i) => new UpdateCommand(i as never),
    ),
  ],
  ['DeleteItem', inputs({ TableName, Key: row, ...expression }).map((i) => new DeleteCommand(i as never))],
  [
    'Query',
    inputs({
      TableName,
      ExclusiveStartKey: some(row),
      ExpressionAttributeValues: some(row),
      Limit: some(fc.integer()),
    }).map((i) => new QueryCommand(i as never)),
  ],
  [
    'BatchGetItem',
    tables(inputs({ Keys: fc.array(row, { maxLength: 3 }), ConsistentRead: some(fc.boolean()) })).map(
      (RequestItems) => new BatchGetCommand({ RequestItems } as never),
    ),
  ],
  [
    'BatchWriteItem',
    tables(fc.array(write, { maxLength: 3 })).map((RequestItems) => new BatchWriteCommand({ RequestItems })),
  ],
  [
    'TransactWriteItems',
    fc
      .array(part, { minLength: 1, maxLength: 3 })
      .map((TransactItems) => new TransactWriteCommand({ TransactItems, ClientRequestToken: 'a' } as never)),
  ],
];

/** Attribute values as DynamoDB writes them. */
const base64 = bytes.map((raw) => Buffer.from(raw).toString('base64'));
const digits = fc.integer().map(String);
const { attribute } = fc.letrec<{ attribute: object }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    text.map((S) => ({ S })),
    digits.map((N) => ({ N })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    base64.map((B) => ({ B })),
    fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
    fc.uniqueArray(digits, { minLength: 1, maxLength: 3 }).map((NS) => ({ NS })),
    fc.uniqueArray(base64, { minLength: 1, maxLength: 3 }).map((BS) => ({ BS })),
    fc.array(tie('attribute'), { maxLength: 3 }).map((L) => ({ L })),
    fc
      .dictionary(fc.oneof(fc.constantFrom('B', 'BS', 'S'), text), tie('attribute'), { maxKeys: 3 })
      .map((M) => ({ M })),
  ),
}));
const attributes = fc.dictionary(fc.oneof(fc.constantFrom('B', 'BS', 'user_id'), text), attribute, {
  maxKeys: 4,
});
const capacity = some(fc.record({ TableName, CapacityUnits: fc.constantFrom(0.5, 1, 7) }));
const written = fc.oneof(
  attributes.map((Item) => ({ PutRequest: { Item } })),
  attributes.map((Key) => ({ DeleteRequest: { Key } })),
);

/** Answers to each of them. */
const answers: [string, Command, fc.Arbitrary<object>][] = [
  [
    'GetItem',
    new GetCommand({ TableName: 't', Key: {} }),
    inputs({ Item: some(attributes), ConsumedCapacity: capacity }),
  ],
  [
    'PutItem',
    new PutCommand({ TableName: 't', Item: {} }),
    inputs({ Attributes: some(attributes), ConsumedCapacity: capacity }),
  ],
  ['UpdateItem', new UpdateCommand({ TableName: 't', Key: {} }), inputs({ Attributes: some(attributes) })],
  ['DeleteItem', new DeleteCommand({ TableName: 't', Key: {} }), inputs({ Attributes: some(attributes) })],
  [
    'Query',
    new QueryCommand({ TableName: 't' }),
    inputs({
      Items: fc.array(attributes, { maxLength: 3 }),
      LastEvaluatedKey: some(attributes),
      Count: fc.nat(),
      ScannedCount: fc.nat(),
    }),
  ],
  [
    'BatchGetItem',
    new BatchGetCommand({ RequestItems: {} }),
    inputs({
      Responses: tables(fc.array(attributes, { maxLength: 3 })),
      UnprocessedKeys: some(
        tables(fc.record({ Keys: fc.array(attributes, { maxLength: 2 }), ConsistentRead: fc.boolean() })),
      ),
      ConsumedCapacity: some(
        fc.array(fc.record({ TableName, CapacityUnits: fc.constantFrom(1, 2) }), { maxLength: 2 }),
      ),
    }),
  ],
  [
    'BatchWriteItem',
    new BatchWriteCommand({ RequestItems: {} }),
    inputs({ UnprocessedItems: some(tables(fc.array(written, { maxLength: 3 }))) }),
  ],
  [
    'TransactWriteItems',
    new TransactWriteCommand({ TransactItems: [], ClientRequestToken: 'a' }),
    inputs({
      ConsumedCapacity: some(
        fc.array(fc.record({ TableName, CapacityUnits: fc.constantFrom(2, 4) }), { maxLength: 2 }),
      ),
    }),
  ],
];

describe('the lean transport, beside the SDK', () => {
  let server: Server;
  let client: DynamoDBClient;
  let sdk: DynamoDBDocumentClient;
  let lean: LeanDocumentClient;
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
    lean = new LeanDocumentClient(client, sdk, 5000);
  });

  beforeEach(() => {
    [seen, answer] = [[], { status: 200, body: '{}' }];
  });

  afterAll(async () => {
    await lean.close();
    client.destroy();
    server.close();
    server.closeAllConnections();
  });

  /** What both make of a command: what was sent, and what came of it. */
  async function both(command: Command): Promise<[unknown, unknown]> {
    const outcomes: unknown[] = [];
    for (const way of [sdk, lean]) {
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
    const client2 = new LeanDocumentClient(again, createDocumentClient(again), 5000);
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
    await lean.send(new QueryCommand({ TableName: 't', KeyConditions: {} }));
    expect(seen[0]?.target).toBe('DynamoDB_20120810.Query');
  });

  it('takes an answer for none whose checksum is another', async () => {
    answer = { status: 200, body: '{"Item":{"a":{"S":"x"}}}', headers: { 'x-amz-crc32': '1' } };
    await expect(lean.send(new GetCommand({ TableName: 't', Key: {} }))).rejects.toThrow(
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
