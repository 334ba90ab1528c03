import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';

/** One of eight kinds, whose types have nothing in common. */
export type Command = object;

/** Values of DynamoDB rows that JavaScript can represent exactly. */
const number = fc.oneof(
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })
    .map((n) => Number(n.toPrecision(15))),
);
/** Without a name that, as an attribute, gives an object of the SDK another prototype, which Jest cannot compare. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((characters) => characters !== '__proto__');
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

/** Generators for each command that the service uses. */
export const commands: [string, fc.Arbitrary<Command>][] = [
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

/** Generators for results of each of them. */
export const answers: [string, Command, fc.Arbitrary<object>][] = [
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
