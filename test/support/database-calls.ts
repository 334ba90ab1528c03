import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
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
  const client = app.get<Client>(DynamoDBDocumentClient, { strict: false });
  const send = client.send.bind(client);
  client.send = (command, options) => {
    const Command = command.constructor as new (input: SentCall['input']) => typeof command;
    return around({ command: Command.name, input: command.input }, (input) =>
      send(new Command(input), options),
    );
  };
}
