/**
 * `npm run test:soak`: the built service under a steady load of mixed requests, at 70 % of what it could do at the start.
 *
 * SOAK_MINUTES  how long (10)
 *
 * Prints latencies and the slope of memory over the second half. Exits with 1 where a request failed.
 */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../scripts/bench/load.js';
import { startEngine, startObjectStorage } from '../../scripts/local-engines/index.js';
import { arrive } from './support/arrivals.js';
import { send, type Sending } from './support/client.js';
import { report } from './support/report.js';
import { createTables, type Service, startService } from './support/service.js';

const MINUTE_MS = 60_000;
const SHARE = 0.7;
const WARM_UP_MS = 10_000;
const CAPACITY_MS = 10_000;
const CLIENTS = 16;
const SAMPLE_MS = 1000;
/** Requests under way at once, beyond which the load is more than the service can do. */
const MOST_WAITING = 2000;
const ACCOUNTS = 5;
const RECORDS = 50;

interface Account {
  readonly email: string;
  readonly password: string;
  readonly authorization: { Authorization: string };
  readonly fileIds: string[];
}

/** A request of the mix, and the status that it should have. */
interface Step extends Sending {
  readonly path: string;
  readonly wanted: number;
  /** Is told of the answer. */
  readonly then?: (body: Record<string, unknown>) => void;
}

/** Requests of each kind, as a person's app sends them: mostly reads, sometimes a write, rarely a login. */
function step({ email, password, authorization, fileIds }: Account): Step {
  const chance = Math.random();
  const known = fileIds[Math.floor(Math.random() * fileIds.length)] ?? '';
  const headers = authorization;
  if (chance < 0.5) return { path: `/audio-file/${known}`, headers, wanted: 200 };
  if (chance < 0.8) return { path: '/user/audio-files?limit=20', headers, wanted: 200 };
  if (chance < 0.87) {
    const body = { s3_key: 'recordings/soak.m4a', file_size: 482_133, recorded_at: '2025-09-24T18:30:00Z' };
    const then = (made: Record<string, unknown>) => fileIds.push(String(made['file_id']));
    return { method: 'POST', path: '/audio-file', headers, body, wanted: 201, then };
  }
  if (chance < 0.94 && fileIds.length > RECORDS) {
    // Taken off the list first, so that nobody else asks for it; an answer may still be on its way for one from before.
    const fileId = fileIds.pop() ?? '';
    return { method: 'DELETE', path: `/audio-file/${fileId}`, headers, wanted: 200 };
  }
  if (chance < 0.97) {
    const body = { file_size: 4, content_type: 'audio/wav' };
    const then = (made: Record<string, unknown>) => fileIds.unshift(String(made['file_id']));
    return { method: 'POST', path: '/audio-file', headers, body, wanted: 201, then };
  }
  if (chance < 0.99) return { path: '/user', headers, wanted: 200 };
  return { method: 'POST', path: '/login', body: { email, password }, wanted: 200 };
}

/** Sends requests and writes down what became of them. */
class Load {
  readonly latencies: number[] = [];
  readonly failures = new Map<string, number>();
  waiting = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(
    private readonly url: string,
    private readonly accounts: readonly Account[],
  ) {}

  async one(): Promise<void> {
    const account = this.accounts[Math.floor(Math.random() * this.accounts.length)] as Account;
    const { path, wanted, then, ...sending } = step(account);
    this.waiting++;
    const { status, error, body, ms } = await send(`${this.url}/api${path}`, {
      ...sending,
      agent: this.agent,
    });
    this.waiting--;
    this.latencies.push(ms);
    if (status === wanted) return then?.(body);
    // Deleted by another client between the choice and the request.
    if (status === 404 && path.startsWith('/audio-file/')) return;
    const what = `${sending.method ?? 'GET'} ${path.replace(/[0-9a-f-]{36}/, '{id}')}: ${error ?? status}`;
    this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
  }

  /** As many as are answered; gives how many that were a second. */
  async atMost(milliseconds: number): Promise<number> {
    const [started, before] = [performance.now(), this.latencies.length];
    const client = async () => {
      while (performance.now() - started < milliseconds) await this.one();
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return ((this.latencies.length - before) * 1000) / (performance.now() - started);
  }

  /** At random moments, whatever the answers; waits for the last of them. */
  async atRate(perSecond: number, milliseconds: number): Promise<void> {
    const begin = () => {
      if (this.waiting > MOST_WAITING) throw new Error(`More than ${MOST_WAITING} requests wait for answers`);
      void this.one();
    };
    await arrive(begin, perSecond, milliseconds);
    for (const end = performance.now() + 10_000; this.waiting > 0 && performance.now() < end;)
      await sleep(10);
  }

  forget(): void {
    this.latencies.length = 0;
    this.failures.clear();
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Slope of a line through the points (least squares). */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const [above, below] = points.reduce(
    ([a, b], point) => [a + (point[0] - x) * (point[1] - y), b + (point[0] - x) ** 2],
    [0, 0] as [number, number],
  );
  return above / below;
}

async function makeAccount({ url }: Service): Promise<Account> {
  const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery staple' };
  const { body } = await send(`${url}/api/register`, { method: 'POST', body: credentials });
  const authorization = { Authorization: `Bearer ${String(body['token'])}` };
  const fileIds: string[] = [];
  for (let i = 0; i < RECORDS; i++) {
    const sending = { method: 'POST', headers: authorization, body: { s3_key: `recordings/${i}.m4a` } };
    fileIds.push(String((await send(`${url}/api/audio-file`, sending)).body['file_id']));
  }
  return { ...credentials, authorization, fileIds };
}

async function soak(service: Service, minutes: number): Promise<boolean> {
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => makeAccount(service)));
  const load = new Load(service.url, accounts);
  await load.atMost(WARM_UP_MS);
  const capacity = await load.atMost(CAPACITY_MS);
  const rate = SHARE * capacity;
  report('soak', `capacity ${Math.round(capacity)}/s; ${Math.round(rate)}/s for ${minutes} min`);
  load.forget();

  const [started, memory]: [number, [number, number][]] = [performance.now(), []];
  const timer = setInterval(() => {
    memory.push([(performance.now() - started) / MINUTE_MS, service.memory()]);
    // The log is of no interest here, and would be what grows.
    service.logs.length = 0;
  }, SAMPLE_MS);
  await load.atRate(rate, minutes * MINUTE_MS);
  clearInterval(timer);
  load.close();

  const sorted = load.latencies.sort((a, b) => a - b);
  const half = memory.slice(Math.floor(memory.length / 2));
  const [first, last] = [memory[0]?.[1] ?? NaN, memory.at(-1)?.[1] ?? NaN];
  const failed = [...load.failures.values()].reduce((sum, n) => sum + n, 0) + load.waiting;
  report(
    'soak',
    `${sorted.length} requests, ${failed} failed; p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms; ` +
      `memory ${first} MiB at the start, ${last} MiB at the end, ${slope(half).toFixed(2)} MiB/min in the second half`,
  );
  for (const [what, times] of load.failures) report('soak failed', `${what}, ${times} times`);
  return failed === 0;
}

async function main(): Promise<boolean> {
  const minutes = Number(process.env['SOAK_MINUTES'] ?? 10);
  if (!(minutes > 0)) throw new Error('SOAK_MINUTES is a number of minutes');
  const bucket = 'audio';
  const [engine, storage] = await Promise.all([
    startEngine({ kind: 'embedded' }),
    startObjectStorage({ bucket }),
  ]);
  // Where the support of the tests looks for them.
  Object.assign(process.env, {
    TEST_DYNAMODB_ENDPOINT: engine.endpoint,
    TEST_DYNAMODB_ENGINE: engine.kind,
    TEST_S3_ENDPOINT: storage.endpoint,
    TEST_S3_BUCKET: bucket,
  });
  let service: Service | undefined;
  try {
    const tables = await createTables();
    service = await startService(tables);
    return await soak(service, minutes);
  } finally {
    await service?.stop();
    await Promise.all([engine.stop(), storage.stop()]);
  }
}

process.exit((await main()) ? 0 : 1);
