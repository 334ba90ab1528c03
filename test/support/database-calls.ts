import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LimitsClient } from '../../src/limits/stores/shared-store.provider.js';
import type { TestApp } from './test-app.js';

/** A call to DynamoDB, as the document client receives it. */
export interface SentCall {
  /** `GetCommand`, `TransactWriteCommand`, … */
  readonly command: string;
  readonly input: Record<string, unknown>;
}

type Send = (input: SentCall['input']) => Promise<Record<string, unknown>>;
type Client = { send(command: { input: SentCall['input'] }, options?: object): ReturnType<Send> };

/**
 * Routes every call of an application through a function, with any transport.
 *
 * @param around sends it, with the same input or another one, and returns the result
 */
export function aroundCalls(
  { app }: Pick<TestApp, 'app'>,
  around: (call: SentCall, send: Send) => ReturnType<Send>,
): void {
  wrap(app.get<Client>(DynamoDBDocumentClient, { strict: false }), around);
}

/** The same with the calls to the table of limits, which are sent by a client of their own. */
export function aroundLimitCalls(
  { app }: Pick<TestApp, 'app'>,
  around: (call: SentCall, send: Send) => ReturnType<Send>,
): void {
  wrap(app.get(LimitsClient, { strict: false }).documents, around);
}

function wrap(client: Client, around: (call: SentCall, send: Send) => ReturnType<Send>): void {
  const send = client.send.bind(client);
  client.send = (command, options) => {
    const Command = command.constructor as new (input: SentCall['input']) => typeof command;
    return around({ command: Command.name, input: command.input }, (input) =>
      send(new Command(input), options),
    );
  };
}
