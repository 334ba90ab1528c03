import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { errors } from 'undici';
import { allCallsEnded } from '../common/calls-under-way.js';
import type { Logger } from '../common/logging/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { type BufferedAnswer, buffered, problem, type StreamedAnswer, withoutBodyHeaders } from './answer.js';
import { type EventRequest, requestOf, UnreadableEventError } from './http-event.js';
import { LocalServer } from './local-server.js';

/** What is read of the context of an invocation. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** The part of the runtime's `awslambda.HttpResponseStream` that is used. */
export interface ResponseStreams {
  from(stream: Writable, head: Omit<StreamedAnswer, 'body'>): Writable;
}

/** The longest wait for work that nobody awaits, and what is left of the time of an invocation at its end. Milliseconds. */
const BACKGROUND_MS = 5_000;
const MARGIN_MS = 500;

/** The application as a Lambda function: requests come as events. */
export class LambdaFunction {
  private constructor(
    private readonly server: LocalServer,
    private readonly logger: Logger,
    private readonly metrics: Metrics | undefined,
  ) {}

  /** @param app ready to listen; the function lives as long as the process */
  static async start(app: NestExpressApplication, logger: Logger): Promise<LambdaFunction> {
    await app.init();
    const server = await LocalServer.listen(app.getHttpServer());
    return new LambdaFunction(server, logger, app.get<Metrics | undefined>(Metrics));
  }

  /** For deployments that cannot stream: HTTP APIs, and function URLs with `BUFFERED`. At most 6 MB. */
  async answer(event: unknown, context: InvocationContext): Promise<BufferedAnswer> {
    try {
      const { answer, path } = await this.ask(event);
      return isWhole(answer) ? answer : await this.wholeOf(answer, path);
    } finally {
      await this.finish(context);
    }
  }

  /** For function URLs with `RESPONSE_STREAM`: of any length, from the first byte on. */
  async stream(
    event: unknown,
    output: Writable,
    context: InvocationContext,
    streams: ResponseStreams,
  ): Promise<void> {
    try {
      const { answer } = await this.ask(event);
      const { statusCode, headers } = answer;
      const stream = streams.from(output, { statusCode, headers });
      // The head goes out with the first write, and an answer may have no body.
      stream.write('');
      if (isWhole(answer)) stream.end(answer.body);
      else await pipeline(answer.body, stream);
    } finally {
      await this.finish(context);
    }
  }

  /** All of an answer, or a problem in its place: nothing of it was sent yet. */
  private async wholeOf(answer: StreamedAnswer, path: string): Promise<BufferedAnswer> {
    const request_id = answer.headers['x-request-id'];
    try {
      const whole = await buffered(answer, path);
      if (whole.statusCode !== answer.statusCode)
        this.logger.warn(
          { request_id, status: whole.statusCode },
          'an answer of more than 6 MB was not sent',
        );
      return whole;
    } catch (error) {
      this.logger.warn({ err: error, request_id, status: 503 }, 'an answer broke off and was not sent');
      return problem(503, 'The answer broke off', path, {
        ...withoutBodyHeaders(answer.headers),
        'retry-after': '1',
      });
    }
  }

  /** Ends the connection to the application. Lambda never calls it: environments are killed. */
  async close(): Promise<void> {
    await this.server.close();
  }

  private async ask(event: unknown): Promise<{ answer: StreamedAnswer | BufferedAnswer; path: string }> {
    let request: EventRequest | undefined;
    try {
      request = requestOf(event);
      return { answer: await this.server.send(request), path: pathOf(request) };
    } catch (error) {
      const path = request ? pathOf(request) : '/';
      if (error instanceof UnreadableEventError) {
        this.logger.warn({ ...sourceOf(event) }, 'an event that is no readable request');
        return { answer: problem(400, error.message, path), path };
      }
      if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
        this.logger.warn({ err: error }, 'an event whose request is not valid HTTP');
        return { answer: problem(400, 'The request is not valid HTTP', path), path };
      }
      throw error;
    }
  }

  /**
   * The environment is frozen after an invocation: what nobody awaits is awaited here, and metrics are written. After a
   * failure too: the environment may never be used again.
   */
  private async finish(context: InvocationContext): Promise<void> {
    const limitMs = Math.min(BACKGROUND_MS, context.getRemainingTimeInMillis() - MARGIN_MS);
    if (!(await allCallsEnded(limitMs)))
      this.logger.warn({}, 'work of a request goes on after its invocation');
    this.metrics?.flush();
  }
}

function isWhole(answer: StreamedAnswer | BufferedAnswer): answer is BufferedAnswer {
  return typeof answer.body === 'string';
}

function pathOf({ path }: EventRequest): string {
  return path.split('?', 1)[0] ?? path;
}

/** What says where an event comes from, and nothing that it carries. */
function sourceOf(event: unknown): { source: string } {
  const { version, source, Records } = (event ?? {}) as Record<string, unknown>;
  const [record] = Array.isArray(Records) ? (Records as Record<string, unknown>[]) : [];
  const name = source ?? record?.['eventSource'] ?? record?.['EventSource'] ?? version;
  return { source: typeof name === 'string' ? name.slice(0, 64) : 'unknown' };
}
