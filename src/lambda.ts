/**
 * The service on AWS Lambda: `handler` for HTTP APIs and function URLs, `streamHandler` for function URLs that stream responses. The
 * application is made once for each execution environment, before its first request.
 */
import type { Writable } from 'node:stream';
import { createApp } from './app.setup.js';
import { createLogger } from './common/logging/logger.js';
import { ConfigurationError } from './config/environment-reader.js';
import { readConfig } from './config/read-config.js';
import { type InvocationContext, LambdaFunction, type ResponseStreams } from './lambda/lambda-function.js';
import type { BufferedAnswer } from './lambda/answer.js';
import { reportConfiguration } from './start-report.js';

type StreamHandler = (event: unknown, output: Writable, context: InvocationContext) => Promise<void>;

/** What the runtime of Lambda has as a global. */
interface Runtime {
  readonly HttpResponseStream: ResponseStreams;
  streamifyResponse(handler: StreamHandler): StreamHandler;
}

const { awslambda: runtime } = globalThis as { awslambda?: Runtime };
const service = await start();

/** Answers an event with all of the answer at once. */
export async function handler(event: unknown, context: InvocationContext): Promise<BufferedAnswer> {
  return service.answer(event, context);
}

/** Answers an event with a stream. Of use in the runtime of Lambda alone. */
export const streamHandler: StreamHandler | undefined = runtime?.streamifyResponse((event, output, context) =>
  service.stream(event, output, context, runtime.HttpResponseStream),
);

async function start(): Promise<LambdaFunction> {
  try {
    const config = readConfig(process.env);
    const logger = createLogger(config.logLevel);
    reportConfiguration(config, logger);
    return await LambdaFunction.start(await createApp(config, logger), logger);
  } catch (error) {
    // One readable line each, as on a server; the runtime reports the start as failed.
    if (error instanceof ConfigurationError)
      for (const line of error.problems) process.stderr.write(`${line}\n`);
    throw error;
  }
}
