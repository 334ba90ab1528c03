import { basename, dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatorOptions } from './options.js';

/** ARN that invocations carry. */
export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:123456789012:function:emulator';

const FUNCTION_NAME = 'emulator';
const RUNTIME = fileURLToPath(new URL('./runtime/index.mjs', import.meta.url));
const CLOCK = new URL('./runtime/clock.mjs', import.meta.url).href;

/** What is chosen for the function, with defaults. Times in milliseconds. */
export interface FunctionSettings {
  readonly concurrency: number;
  readonly idleMs: number;
  readonly initTimeoutMs: number;
  readonly invokeTimeoutMs: number;
  readonly memoryMb: number;
  readonly options: EmulatorOptions;
}

/** Fills in the defaults. */
export function settingsOf(options: EmulatorOptions): FunctionSettings {
  return {
    concurrency: options.concurrency ?? 4,
    idleMs: options.idleMs ?? 600_000,
    initTimeoutMs: options.initTimeoutMs ?? 10_000,
    invokeTimeoutMs: options.invokeTimeoutMs ?? 29_000,
    memoryMb: options.memoryMb ?? 512,
    options,
  };
}

/** Arguments for Node: the runtime client, and before it the injected clock where it was asked for. */
export function runtimeArguments({ options }: FunctionSettings): string[] {
  return options.clock === true ? ['--import', CLOCK, RUNTIME] : [RUNTIME];
}

/**
 * Environment variables of an execution environment: those of the function and those that Lambda sets
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). `TMPDIR` stands for the `/tmp` of its own.
 */
export function environmentVariables(
  { options, memoryMb }: FunctionSettings,
  own: { name: string; api: string; temporary: string; wallMs: number },
): NodeJS.ProcessEnv {
  const file = resolve(options.handlerFile);
  return {
    PATH: process.env.PATH,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    ...options.env,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: FUNCTION_NAME,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${FUNCTION_NAME}`,
    AWS_LAMBDA_LOG_STREAM_NAME: own.name,
    AWS_LAMBDA_RUNTIME_API: own.api,
    LAMBDA_TASK_ROOT: dirname(file),
    LAMBDA_RUNTIME_DIR: dirname(RUNTIME),
    _HANDLER: `${basename(file, extname(file))}.${options.exportName}`,
    TMPDIR: own.temporary,
    ...(options.clock === true && { EMULATOR_CLOCK_WALL_MS: String(own.wallMs) }),
  };
}
