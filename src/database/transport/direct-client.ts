import { setTimeout as sleep } from 'node:timers/promises';
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import { CorruptAnswerError, type Metadata, metadataOf, readAnswer } from './answers.js';
import { type HttpAnswer, HttpPool } from './http.js';
import { isPlain, type Operation, OPERATIONS } from './operations.js';
import { Signer } from './signer.js';

/** Maximum pause before the retry. The first attempt waits at most half of it. Milliseconds. */
const PAUSE_MS = 100;
const THROTTLED_PAUSE_MS = 400;

/** Error names by which DynamoDB refuses the date of a signature. */
const WRONG_CLOCK =
  /^(InvalidSignatureException|SignatureDoesNotMatch|Request(Expired|TimeTooSkewed|InTheFuture))$/;
/** A smaller difference of the clocks is not the cause. Milliseconds. */
const ACCEPTED_SKEW_MS = 240_000;

type Members = Record<string, unknown>;

/** The part of a document client that the service uses. */
export type DocumentClient = Pick<DynamoDBDocumentClient, 'send'>;

interface Target {
  readonly path: string;
  readonly host: string;
  readonly pool: HttpPool;
  readonly signer: Signer;
}

/** Where the metadata is in an answer. */
type Described = { $metadata?: Partial<Metadata> };

/**
 * The document client of `@aws-sdk/lib-dynamodb` without the SDK's middleware, which is more than half of the CPU of a
 * read: the commands that the service uses are signed and sent here. Credentials, region, endpoint and number of
 * attempts come from the SDK's client. All other commands go to the SDK.
 */
export class DirectDocumentClient {
  private target: Promise<Target> | undefined;
  private maxAttempts = 1;
  /** Offset of DynamoDB's clock from the local clock. Milliseconds. */
  private clockOffsetMs = 0;

  /**
   * @param client has the configuration
   * @param others receives the commands that are not implemented here
   * @param budgetMs limit for a whole call
   */
  constructor(
    private readonly client: DynamoDBClient,
    private readonly others: DocumentClient,
    private readonly budgetMs: number,
  ) {}

  /** Same signature as `DynamoDBDocumentClient.send`. */
  readonly send = (async (
    command: { readonly input: Members },
    options: { abortSignal?: AbortSignal } = {},
  ): Promise<Members> => {
    const operation = OPERATIONS.get(command.constructor);
    if (!operation || !isPlain(command.input)) {
      return this.others.send(command as never, options) as unknown as Promise<Members>;
    }
    return this.call(operation, command.input, options.abortSignal);
  }) as unknown as DocumentClient['send'];

  /** Closes the connections. Calls in progress fail. */
  async close(): Promise<void> {
    const target = await this.target?.catch(() => undefined);
    await target?.pool.close();
  }

  private async call(operation: Operation, input: Members, signal?: AbortSignal): Promise<Members> {
    const body = JSON.stringify(operation.encode(input));
    let totalRetryDelay = 0;
    for (let attempts = 1; ; attempts++) {
      try {
        const answer = await this.post(operation.name, body, signal);
        const $metadata = { ...metadataOf(answer), attempts, totalRetryDelay };
        return { ...operation.decode(this.read(answer, $metadata)), $metadata };
      } catch (error) {
        if (attempts >= this.maxAttempts || signal?.aborted || !isWorthAnother(error)) {
          throw described(error, attempts, totalRetryDelay);
        }
        const pause = Math.random() * (isThrottlingError(error as never) ? THROTTLED_PAUSE_MS : PAUSE_MS);
        totalRetryDelay += pause;
        await sleep(pause, undefined, signal && { signal }).catch(() => {
          throw described(error, attempts, totalRetryDelay);
        });
      }
    }
  }

  private async post(operation: string, body: string, signal?: AbortSignal): Promise<HttpAnswer> {
    this.target ??= this.findTarget();
    const target = await this.target.catch((error: unknown) => {
      // Resolved again at the next call: the cause may be gone by then.
      this.target = undefined;
      throw error;
    });
    const credentials = await this.client.config.credentials();
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      host: target.host,
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    };
    const request = { path: target.path, headers, body };
    const signed = target.signer.sign(request, credentials, Date.now() + this.clockOffsetMs);
    return target.pool.post(target.path, signed, body, signal);
  }

  private read(answer: HttpAnswer, $metadata: Metadata): Members {
    try {
      return readAnswer(answer, $metadata);
    } catch (error) {
      if (error instanceof Error && WRONG_CLOCK.test(error.name)) this.correctClock(error, answer);
      throw error;
    }
  }

  /** As in the SDK: later signatures use DynamoDB's time, and the call is retried. */
  private correctClock(error: Error, { headers }: HttpAnswer): void {
    const theirs = Date.parse(String(headers['date']));
    const offset = theirs - Date.now();
    if (!(Math.abs(offset - this.clockOffsetMs) > ACCEPTED_SKEW_MS)) return;
    this.clockOffsetMs = offset;
    Object.assign(error, { isClockCorrected: true });
  }

  private async findTarget(): Promise<Target> {
    const { config } = this.client;
    const [region, maxAttempts, { url }] = await Promise.all([
      config.region(),
      config.maxAttempts(),
      getEndpointFromInstructions({}, GetItemCommand as never, config as never, {}),
    ]);
    this.maxAttempts = maxAttempts;
    return {
      path: url.pathname,
      host: url.host,
      pool: new HttpPool(url.origin, this.budgetMs),
      signer: new Signer('dynamodb', region),
    };
  }
}

function isWorthAnother(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'AbortError') return false;
  if (error instanceof CorruptAnswerError || 'isClockCorrected' in error) return true;
  // The answer is from another server, or was truncated.
  if (error instanceof SyntaxError) return true;
  return isTransientError(error as never) || isThrottlingError(error as never);
}

function described(error: unknown, attempts: number, totalRetryDelay: number): unknown {
  if (!(error instanceof Error)) return error;
  const { $metadata } = error as Described;
  return Object.assign(error, { $metadata: { ...$metadata, attempts, totalRetryDelay } });
}
