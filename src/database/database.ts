import {
  BatchGetCommand,
  type BatchGetCommandInput,
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DeleteCommand,
  type DeleteCommandInput,
  GetCommand,
  type GetCommandInput,
  type GetCommandOutput,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { MAX_CONNECTIONS } from '../common/aws-client.js';
import { type CallSite, noteCall } from '../common/call-context.js';
import { CallSlots } from '../common/call-slots.js';
import { CircuitBreaker } from '../common/circuit-breaker.js';
import { withDeadline } from '../common/deadline.js';
import { currentRequest } from '../common/request-context.js';
import { meansNoAnswer } from '../common/transport-failures.js';
import type { DocumentClient } from './transport/direct-client.js';
import { NoAnswerError, translateDatabaseError } from './database-errors.js';
import { tablesOf } from './tables-of-call.js';

type Answer = Pick<GetCommandOutput, '$metadata'>;

/** A call that has ended, for metrics. */
export interface EndedCall {
  /** `GetItem`, `Query`, … */
  readonly operation: string;
  readonly input: object;
  /** The output or the error of the SDK. */
  readonly result: unknown;
  readonly durationMs: number;
}

export type CallObserver = (call: EndedCall) => void;

/** Optional settings. */
export interface DatabaseOptions {
  /** See {@link CircuitBreaker}. The default 0 means that the circuit never opens. */
  readonly pauseMs?: number;
  /** Called when the circuit opens or closes. */
  readonly onChange?: (open: boolean, cause?: unknown) => void;
  /** For the log. */
  readonly site?: CallSite;
  /** If set, every call asks DynamoDB for its consumed capacity. */
  readonly observe?: CallObserver | undefined;
  /** What is asked, for errors and the log. */
  readonly source?: string;
  /** Calls have `budgetMs` each, and take nothing of what their request may spend on the database. */
  readonly isApart?: boolean;
}

/**
 * Makes every call to DynamoDB, with a deadline and with translated errors.
 *
 * One HTTP request may spend `budgetMs` on the database, all its calls together, so that three slow calls in a row
 * cannot take three times as long as one.
 *
 * Every method throws `UnavailableError` if the database is unavailable or the budget is spent, and the SDK's own error
 * in every other case, including a failed condition.
 */
export class Database {
  private readonly breaker: CircuitBreaker;
  private readonly slots: CallSlots;
  private readonly observe: CallObserver | undefined;
  private readonly site: CallSite;
  private readonly source: string;
  private readonly isApart: boolean;

  constructor(
    private readonly client: DocumentClient,
    private readonly budgetMs: number,
    {
      pauseMs = 0,
      onChange,
      observe,
      site = {},
      source = 'the database',
      isApart = false,
    }: DatabaseOptions = {},
  ) {
    this.observe = observe;
    this.site = site;
    this.source = source;
    this.isApart = isApart;
    this.slots = new CallSlots(source, MAX_CONNECTIONS);
    this.breaker = new CircuitBreaker({
      source,
      pauseMs,
      isFailure: (error) => error instanceof NoAnswerError || meansNoAnswer(error, budgetMs),
      ...(onChange && { onChange }),
    });
  }

  get(input: GetCommandInput) {
    return this.run('GetItem', input, (abortSignal, counted) =>
      this.client.send(new GetCommand(counted), { abortSignal }),
    );
  }

  query(input: QueryCommandInput) {
    return this.run('Query', input, (abortSignal, counted) =>
      this.client.send(new QueryCommand(counted), { abortSignal }),
    );
  }

  put(input: PutCommandInput) {
    return this.run('PutItem', input, (abortSignal, counted) =>
      this.client.send(new PutCommand(counted), { abortSignal }),
    );
  }

  update(input: UpdateCommandInput) {
    return this.run('UpdateItem', input, (abortSignal, counted) =>
      this.client.send(new UpdateCommand(counted), { abortSignal }),
    );
  }

  batchWrite(input: BatchWriteCommandInput) {
    return this.run('BatchWriteItem', input, (abortSignal, counted) =>
      this.client.send(new BatchWriteCommand(counted), { abortSignal }),
    );
  }

  batchGet(input: BatchGetCommandInput) {
    return this.run('BatchGetItem', input, (abortSignal, counted) =>
      this.client.send(new BatchGetCommand(counted), { abortSignal }),
    );
  }

  delete(input: DeleteCommandInput) {
    return this.run('DeleteItem', input, (abortSignal, counted) =>
      this.client.send(new DeleteCommand(counted), { abortSignal }),
    );
  }

  transactWrite(input: TransactWriteCommandInput) {
    return this.run('TransactWriteItems', input, (abortSignal, counted) =>
      this.client.send(new TransactWriteCommand(counted), { abortSignal }),
    );
  }

  private async run<Input extends object, Output extends Answer>(
    operation: string,
    input: Input,
    send: (signal: AbortSignal, input: Input) => Promise<Output>,
  ): Promise<Output> {
    const time = this.isApart ? undefined : currentRequest()?.databaseTime;
    const milliseconds = Math.max(0, this.budgetMs - (time?.spentMs ?? 0));
    // Requested only if an observer is set: it makes every answer longer.
    const counted = this.observe ? { ...input, ReturnConsumedCapacity: 'TOTAL' } : input;
    const started = performance.now();
    const ended = (result: unknown) =>
      this.observe?.({ operation, input, result, durationMs: performance.now() - started });
    time?.begin();
    try {
      const output = await this.slots.run(milliseconds, (left) =>
        this.breaker.run(() => this.send(operation, counted, left, send)),
      );
      ended(output);
      return output;
    } catch (error) {
      ended(error);
      this.note(error, operation, input);
      throw translateDatabaseError(error);
    } finally {
      time?.end();
    }
  }

  private async send<Input extends object, Output extends Answer>(
    operation: string,
    input: Input,
    milliseconds: number,
    send: (signal: AbortSignal, input: Input) => Promise<Output>,
  ): Promise<Output> {
    try {
      const answer = await withDeadline(this.source, milliseconds, (signal) => send(signal, input));
      // The SDK reads an empty 200, as something between here and AWS may send, as an answer with nothing in it.
      if (answer.$metadata.requestId === undefined) throw new NoAnswerError();
      return answer;
    } catch (error) {
      // Before the circuit breaker, which logs the error that opened it.
      this.note(error, operation, input);
      throw error;
    }
  }

  private note(error: unknown, operation: string, input: object): void {
    noteCall(error, { service: 'DynamoDB', operation, table: tablesOf(input).join(), ...this.site });
  }
}
