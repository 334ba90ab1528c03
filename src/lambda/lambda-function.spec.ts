import { createServer, type Server } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { beginCall } from '../common/calls-under-way.js';
import { createLogger } from '../common/logging/logger.js';
import { LambdaFunction } from './lambda-function.js';

const EVENT = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET' } } };
const CONTEXT = { getRemainingTimeInMillis: () => 10_000 };
/** How long the work takes that the answer does not wait for. */
const WORK_MS = 100;

describe('LambdaFunction', () => {
  let server: Server;
  let lambda: LambdaFunction;
  let isDone: boolean;
  let flushed: boolean[];

  beforeEach(async () => {
    isDone = false;
    flushed = [];
    server = createServer((_request, response) => {
      const ended = beginCall();
      response.end('answered');
      void sleep(WORK_MS).then(() => {
        isDone = true;
        ended();
      });
    });
    const metrics = { flush: () => flushed.push(isDone) };
    const app = { init: () => Promise.resolve(), getHttpServer: () => server, get: () => metrics };
    const logger = createLogger('silent');
    lambda = await LambdaFunction.start(app as unknown as NestExpressApplication, logger);
  });

  afterEach(async () => {
    await lambda.close();
    server.close();
  });

  it('ends an invocation when work that nobody awaits has ended, and then writes metrics', async () => {
    const { body } = await lambda.answer(EVENT, CONTEXT);
    expect(body).toBe('answered');
    expect(isDone).toBe(true);
    expect(flushed).toEqual([true]);
  });

  it('gives a stream to the client before that', async () => {
    const output = new PassThrough();
    const invocation = lambda.stream(EVENT, output, CONTEXT, { from: (stream) => stream });
    expect(await text(output)).toBe('answered');
    expect(isDone).toBe(false);
    await invocation;
    expect(isDone).toBe(true);
    expect(flushed).toEqual([true]);
  });

  it('does not wait beyond the time of the invocation', async () => {
    await lambda.answer(EVENT, { getRemainingTimeInMillis: () => 510 });
    expect(isDone).toBe(false);
  });
});
