/**
 * `npm run report:cost`: what each call consumes at DynamoDB, measured from real calls of the built service on the
 * embedded engine (which counts as DynamoDB does), and what that comes to in dollars, by `ops/prices.json`.
 */
import { killAllChildren } from '../local-engines/child.js';
import { startEngine, startObjectStorage } from '../local-engines/index.js';
import { probePort } from '../local-engines/ready.js';
import { Programs, serviceEnvironment } from '../bench/programs.js';
import { measureEndpoints, type Measure, type Units } from './endpoints.js';
import { measureFlood } from './flood.js';
import { readPrices } from './prices.js';
import { describeCalls, describeFlood, describeMonths } from './report.js';

async function main(): Promise<void> {
  const stop = new AbortController();
  const programs = new Programs(stop);
  try {
    const engine = await startEngine({ kind: 'embedded' });
    programs.adopt(() => engine.stop());
    const storage = await startObjectStorage({ bucket: 'audio' });
    programs.adopt(() => storage.stop());
    const environment = {
      ...serviceEnvironment(engine.endpoint),
      S3_ENDPOINT: storage.endpoint,
      AWS_S3_BUCKET_NAME: storage.bucket,
    };
    await programs.runNode(['dist/commands/create-tables.js'], environment);
    const prices = readPrices();
    const units = await measured(programs, environment, measureEndpoints);
    const withLimits = await measured(programs, { ...environment, ...LIMITS }, measureEndpoints);
    const flood = await measured(programs, { ...environment, ...LIMITS, RATE_LIMIT_LOGIN: '' }, measureFlood);
    console.log(`Units consumed, and dollars on demand (${prices.region}, ${prices.date})\n`);
    console.log(describeCalls(units, withLimits, prices));
    console.log(
      '\nDollars a month, without S3 and traffic, which cost the same whatever keeps the records. Limits are those with ' +
        'LIMIT_STORE=dynamodb;\nin memory they cost nothing\n',
    );
    console.log(describeMonths(units, withLimits, prices));
    console.log(`\n${describeFlood(flood, prices)}`);
  } finally {
    await programs.stopAll();
    killAllChildren();
  }
}

/** Limits in the table, none of which the calls reach. */
const LIMITS = {
  ...{ RATE_LIMIT: 'on', LIMIT_STORE: 'dynamodb', RATE_LIMIT_CREATE: '1000', RATE_LIMIT_REGISTER: '1000' },
  ...{ RATE_LIMIT_LOGIN: '1000', RATE_LIMIT_BATCH: '1000', RATE_LIMIT_USAGE: '1000' },
};

/** Starts a service for what `measure` finds out of it. */
async function measured<T>(
  programs: Programs,
  environment: Record<string, string>,
  measure: (url: string, meter: Measure) => Promise<T>,
): Promise<T> {
  const metricsPort = await probePort();
  const service = await programs.startService({ ...environment, METRICS_PORT: String(metricsPort) });
  try {
    return await measure(service.url, meter(`http://127.0.0.1:${metricsPort}/metrics`));
  } finally {
    await service.stop();
  }
}

/** Reads the counters of the service before and after. */
function meter(url: string): Measure {
  return async (work) => {
    const before = await consumed(url);
    await work();
    const after = await consumed(url);
    return { read: after.read - before.read, write: after.write - before.write };
  };
}

async function consumed(url: string): Promise<Units> {
  const text = await (await fetch(url)).text();
  const units = { read: 0, write: 0 };
  for (const [, kind, value] of text.matchAll(
    /^dynamodb_consumed_units_total\{.*kind="(read|write)"\} (\S+)$/gm,
  )) {
    units[kind as keyof Units] += Number(value);
  }
  return units;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
