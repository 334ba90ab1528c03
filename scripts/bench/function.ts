import { type EmulatorOptions, startEmulator } from '../lambda/emulator.js';
import { type Fixtures } from './fixtures.js';
import { type Load, type Measurement, measure, send } from './load.js';
import { cpuMicros } from './process-stats.js';
import { getOne } from './scenarios.js';

const COLD_STARTS = 5;
const WARM_UP_REQUESTS = 2_000;

/** The function beside the server, one request at a time. */
export interface FunctionResult {
  readonly server: Measurement;
  readonly function: Measurement;
  /** CPU time of new environments until their first response; milliseconds. */
  readonly coldCpuMs: readonly (number | undefined)[];
}

/**
 * Measures the built function in the emulator of the Runtime API, whose runtime client is part of what it costs.
 *
 * @param environment of the service
 * @param service the server with the same tables
 */
export async function measureFunction(
  environment: Record<string, string>,
  service: { readonly url: string; readonly pid: number },
  fixtures: Fixtures,
  seconds: number,
): Promise<FunctionResult> {
  const options: EmulatorOptions = {
    handlerFile: `dist/lambda-${process.arch}/dist/function/index.mjs`,
    ...{ exportName: 'streamHandler', mode: 'stream', concurrency: 1 },
    env: { ...environment, LIMIT_STORE: 'memory' },
  };
  const emulator = await startEmulator(options);
  try {
    const load = (url: string): Load => getOne(url, fixtures, 1);
    for (const { url } of [service, emulator]) await send(load(url), WARM_UP_REQUESTS);
    const server = await measure(load(service.url), seconds, service.pid);
    const ofFunction = await measure(load(emulator.url), seconds, emulator.environments[0]?.pid);
    return { server, function: ofFunction, coldCpuMs: await measureColdStarts(options) };
  } finally {
    await emulator.close();
  }
}

async function measureColdStarts(options: EmulatorOptions): Promise<(number | undefined)[]> {
  const milliseconds: (number | undefined)[] = [];
  for (let n = 0; n < COLD_STARTS; n++) {
    const emulator = await startEmulator(options);
    await fetch(`${emulator.url}/api/health/live`);
    const micros = cpuMicros(emulator.environments[0]?.pid ?? 0);
    milliseconds.push(micros === undefined ? undefined : micros / 1000);
    await emulator.close();
  }
  return milliseconds;
}
