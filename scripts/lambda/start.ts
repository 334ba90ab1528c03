/**
 * `npm run start:lambda`: the service as a Lambda function on this machine, with database, object store and tables. An argument
 * names another file with the handler.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { banner } from '../local/banner.js';
import { startDependencies } from '../local/dependencies.js';
import { loadDotEnv, ROOT, setting, shown } from '../local/environment.js';
import { aborted, runProgram, type Stops, unless } from '../local/program.js';
import { readableLog } from '../local/service.js';
import { StartError } from '../local/start-error.js';
import { startEmulator } from './emulator.js';
import type { EmulatorOptions } from './options.js';

/** The entries of the function: a Function URL streams, an HTTP API cannot. */
const FRONTS: Record<string, Pick<EmulatorOptions, 'front' | 'mode' | 'exportName'>> = {
  'function-url': { front: 'function-url', mode: 'stream', exportName: 'streamHandler' },
  'http-api': { front: 'http-api', mode: 'buffered', exportName: 'handler' },
};

async function run(signal: AbortSignal, stops: Stops): Promise<void> {
  loadDotEnv();
  const handlerFile = handlerFromArguments();
  const front = frontSetting();
  const concurrency = concurrencySetting();
  const { address, env, database, storage, failures } = await startDependencies(signal, stops);
  const log = readableLog();
  const emulator = await startEmulator({
    ...front,
    handlerFile,
    concurrency,
    // Options for this Node are not those of the function.
    env: { ...env, NODE_OPTIONS: undefined },
    port: address.port,
    host: address.host,
    log: (line) => {
      if (!/^(START|END) RequestId/.test(line)) log.write(`${line}\n`);
    },
    onColdStart: ({ environment, durationMs }) =>
      void log.write(`Cold start of ${environment}: ${Math.round(durationMs)} ms\n`),
  });
  stops.push(() => emulator.close());
  process.stdout.write(banner(address.url, database, storage));
  await unless(failures, aborted(signal));
}

function handlerFromArguments(): string {
  const file = resolve(process.argv[2] ?? join(ROOT, `dist/lambda-${process.arch}/dist/function/index.mjs`));
  if (!existsSync(file)) throw new StartError(`${shown(file)} is missing. Run: npm run build:lambda`);
  return file;
}

function frontSetting(): (typeof FRONTS)[string] {
  const name = setting('LAMBDA_FRONT') ?? 'function-url';
  const front = FRONTS[name];
  if (front === undefined) {
    throw new StartError(`LAMBDA_FRONT must be one of ${Object.keys(FRONTS).join(', ')}, not "${name}"`);
  }
  return front;
}

function concurrencySetting(): number {
  const text = setting('LAMBDA_CONCURRENCY') ?? '4';
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new StartError(`LAMBDA_CONCURRENCY must be a whole number from 1 to 999, not "${text}"`);
  }
  return Number(text);
}

await runProgram(run);
