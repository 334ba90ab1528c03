import { randomUUID } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
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
import { marshallAll, unmarshallAll } from './attribute-values.js';

type Members = Record<string, unknown>;
type Values = Record<string, unknown>;
type Attributes = Record<string, AttributeValue>;

/** An operation of DynamoDB: its name, and where its input and output contain rows, keys and values. */
export interface Operation {
  readonly name: string;
  /** The input as it is sent. */
  encode(input: Members): Members;
  /** The output as the document client returns it. */
  decode(answer: Members): Members;
}

/** Legacy members of the API, and members that the service does not use. Such calls go to the SDK. */
const OTHER_MEMBERS = [
  ...[
    'KeyConditions',
    'QueryFilter',
    'Expected',
    'AttributeUpdates',
    'AttributesToGet',
    'ConditionalOperator',
  ],
  'ReturnItemCollectionMetrics',
];

/** Whether the direct transport supports all members of an input. */
export function isPlain(input: object): boolean {
  return !OTHER_MEMBERS.some((name) => name in input);
}

/** The operations of the direct transport, by the commands of `@aws-sdk/lib-dynamodb`. */
export const OPERATIONS: ReadonlyMap<unknown, Operation> = new Map<unknown, Operation>([
  [GetCommand, operation('GetItem', ['Key'], ['Item'])],
  [PutCommand, operation('PutItem', ['Item', 'ExpressionAttributeValues'], ['Attributes'])],
  [UpdateCommand, operation('UpdateItem', ['Key', 'ExpressionAttributeValues'], ['Attributes'])],
  [DeleteCommand, operation('DeleteItem', ['Key', 'ExpressionAttributeValues'], ['Attributes'])],
  [
    QueryCommand,
    {
      ...operation('Query', ['ExclusiveStartKey', 'ExpressionAttributeValues'], []),
      decode: (answer) =>
        replaced(replaced(answer, 'Items', eachOf(unmarshallAll)), 'LastEvaluatedKey', unmarshallAll),
    },
  ],
  [
    BatchGetCommand,
    {
      name: 'BatchGetItem',
      encode: (input) => replaced(input, 'RequestItems', byTable(keysOf(marshallAll))),
      decode: (answer) =>
        replaced(
          replaced(answer, 'Responses', byTable(eachOf(unmarshallAll))),
          'UnprocessedKeys',
          byTable(keysOf(unmarshallAll)),
        ),
    },
  ],
  [
    BatchWriteCommand,
    {
      name: 'BatchWriteItem',
      encode: (input) => replaced(input, 'RequestItems', byTable(eachOf(writeOf(marshallAll)))),
      decode: (answer) => replaced(answer, 'UnprocessedItems', byTable(eachOf(writeOf(unmarshallAll)))),
    },
  ],
  [
    TransactWriteCommand,
    {
      name: 'TransactWriteItems',
      // The token by which DynamoDB recognizes a retried transaction. It is the same in each attempt.
      encode: ({ ClientRequestToken = randomUUID(), ...input }) => ({
        ...replaced(input, 'TransactItems', eachOf(partOf)),
        ClientRequestToken,
      }),
      decode: (answer) => answer,
    },
  ],
]);

function operation(name: string, sent: readonly string[], answered: readonly string[]): Operation {
  return {
    name,
    encode: (input) => sent.reduce((all, member) => replaced(all, member, marshallAll), input),
    decode: (answer) => answered.reduce((all, member) => replaced(all, member, unmarshallAll), answer),
  };
}

/** A copy with a changed member, if the member exists. */
function replaced<From, To>(members: Members, name: string, change: (value: From) => To): Members {
  const value = members[name];
  return value === undefined || value === null ? members : { ...members, [name]: change(value as From) };
}

function eachOf<From, To>(change: (value: From) => To): (values: readonly From[]) => To[] {
  return (values) => values.map(change);
}

function byTable<From, To>(
  change: (value: From) => To,
): (tables: Record<string, From>) => Record<string, To> {
  return (tables) =>
    Object.fromEntries(Object.entries(tables).map(([table, value]) => [table, change(value)]));
}

function keysOf<From, To>(change: (key: From) => To) {
  return (asked: Members) => replaced(asked, 'Keys', eachOf(change));
}

function writeOf<From extends Values | Attributes, To>(change: (row: From) => To) {
  return (write: Members) =>
    replaced(
      replaced(write, 'PutRequest', (put: Members) => replaced(put, 'Item', change)),
      'DeleteRequest',
      (deletion: Members) => replaced(deletion, 'Key', change),
    );
}

/** A part of a transaction: one of `Put`, `Update`, `Delete` and `ConditionCheck`. */
function partOf(part: Members): Members {
  const members = ['Key', 'Item', 'ExpressionAttributeValues'];
  return Object.fromEntries(
    Object.entries(part).map(([kind, what]) => [
      kind,
      members.reduce((all, member) => replaced(all, member, marshallAll), what as Members),
    ]),
  );
}
