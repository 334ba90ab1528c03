/**
 * The process of one execution environment: loads the handler, then takes one invocation after the other from the Runtime
 * API. It does what the managed runtime `nodejs24.x` does (aws/aws-lambda-nodejs-runtime-interface-client), whose native
 * client does not install on Node 20: async handlers only, no wait for an empty event loop, and an exception that nobody
 * catches ends the process.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contextOf } from './context.mjs';
import { logError, patchConsole, setRequestId } from './console.mjs';
import { toErrorResponse, UnhandledPromiseRejection } from './errors.mjs';
import { loadHandler, STREAMING } from './handler.mjs';
import { nextInvocation, postError, postInitError, postResponse } from './runtime-api.mjs';
import { createResponseStream } from './response-stream.mjs';

/** Reports an error that nobody caught; during an invocation it is the answer to it. */
let report = (error) => postInitError(toErrorResponse(error));

async function serveBuffered(handler, { event, context }) {
  try {
    const result = await handler(event, context);
    await nextTurn();
    await postResponse(context.awsRequestId, result);
  } catch (error) {
    await nextTurn();
    logError('Invoke Error', error);
    await postError(context.awsRequestId, toErrorResponse(error));
  }
}

async function serveStreamed(handler, { event, context }) {
  const { stream, answered, fail } = createResponseStream(context.awsRequestId);
  try {
    const running = handler(event, stream, context);
    if (typeof running?.then !== 'function')
      throw new Error('Streaming does not support non-async handlers.');
    if ((await running) !== undefined) console.warn('Streaming handlers ignore return values.');
    await answered;
    if (!stream.writableFinished) throw new Error('Response stream is not finished.');
  } catch (error) {
    await nextTurn();
    logError('Invoke Error', error);
    await fail(toErrorResponse(error));
  }
}

/** Moves the injected clock, where the environment was started with one, before the handler can look at it. */
async function moveClock(headers) {
  const clock = globalThis[Symbol.for('lambda-emulator.clock')];
  if (clock === undefined || headers['emulator-clock-wall-ms'] === undefined) return;
  await clock.advance(
    Number(headers['emulator-clock-wall-ms']),
    Number(headers['emulator-clock-monotonic-ms']),
  );
}

async function serve(handler) {
  const serveOne = handler[STREAMING] === 'response' ? serveStreamed : serveBuffered;
  for (;;) {
    const { headers, body } = await nextInvocation();
    await moveClock(headers);
    const context = contextOf(headers);
    setRequestId(context.awsRequestId);
    report = (error) => postError(context.awsRequestId, toErrorResponse(error));
    await serveOne(handler, { event: JSON.parse(body), context });
  }
}

process.on('uncaughtException', (error) => {
  logError('Uncaught Exception', error);
  void report(error).finally(() => process.exit(129));
});
process.on('unhandledRejection', (reason) => {
  const error = new UnhandledPromiseRejection(reason);
  logError('Unhandled Promise Rejection', error);
  void report(error).finally(() => process.exit(128));
});

patchConsole();
let handler;
try {
  handler = await loadHandler();
} catch (error) {
  logError('Uncaught Exception', error);
  await postInitError(toErrorResponse(error));
  process.exit(1);
}
await serve(handler);
