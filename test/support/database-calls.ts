import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TestApp } from './test-app.js';

/** A call that an application sends to DynamoDB, as its document client is given it. */
export interface SentCall {
  /** `GetCommand`, `TransactWriteCommand`, … */
  readonly command: string;
  readonly input: Record<string, unknown>;
}

type Send = (input: SentCall['input']) => Promise<Record<string, unknown>>;
type Client = { send(command: { input: SentCall['input'] }, options?: object): ReturnType<Send> };

/**
 * Has every call of an application go through a function, by whatever transport it is sent.
 *
 * @param around sends it, with the same input or another one, and gives the answer
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
