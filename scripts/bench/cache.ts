/**
 * `npm run bench:cache`: the cost of a GET of one record with and without the record cache, in CPU of the service and
 * in read units, at 50, 90 and 99 % hits. Needs `redis-server` on the PATH.
 */
import { spawnSync } from 'node:child_process';
import { Agent, get } from 'node:http';
import { killAllChildren, startChild } from '../local-engines/child.js';
import { startEngine } from '../local-engines/index.js';
import { probePort } from '../local-engines/ready.js';
import { register } from './fixtures.js';
import { cpuMicros } from './process-stats.js';
import { type Program, Programs, serviceEnvironment } from './programs.js';

const REQUESTS = 6_000;
const CLIENTS = 16;
const BATCH = 100;
/** Number of reads of each record: all except the first come from the cache. */
const READS = [2, 10, 100];
const WARM_UP = 3_000;

interface Cost {
  /** Share of reads that the cache answered. */
  readonly hits: number;
  readonly units: number;
  readonly cpuMicros: number;
}

class Bench {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

  constructor(
    private readonly service: Program,
    private readonly metricsUrl: string,
    private readonly token: string,
  ) {}

  /** Reads new records, each the given number of times in a row. */
  async measure(reads: number, requests = REQUESTS): Promise<Cost> {
    const ids = await this.createRecords(Math.ceil(requests / reads));
    const before = await this.counters();
    const cpu = cpuMicros(this.service.pid) ?? NaN;
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        for (let n = client; n < ids.length; n += CLIENTS) {
          for (let read = 0; read < reads; read++) await this.read(ids[n] ?? '');
        }
      }),
    );
    const used = (cpuMicros(this.service.pid) ?? NaN) - cpu;
    const after = await this.counters();
    const total = ids.length * reads;
    return {
      hits: (after.hits - before.hits) / total,
      units: (after.units - before.units) / total,
      cpuMicros: used / total,
    };
  }

  private async createRecords(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const items = Array.from({ length: Math.min(BATCH, count - ids.length) }, () => ({
        s3_key: 'a/b.m4a',
      }));
      const response = await fetch(`${this.service.url}/api/user/audio-files/batch-create`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ items }),
      });
      const { results } = (await response.json()) as { results: { audio_file: { file_id: string } }[] };
      ids.push(...results.map(({ audio_file }) => audio_file.file_id));
    }
    return ids;
  }

  private async read(id: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const options = { agent: this.agent, headers: { Authorization: `Bearer ${this.token}` } };
      get(`${this.service.url}/api/audio-file/${id}`, options, (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        );
      }).once('error', reject);
    });
  }

  private async counters(): Promise<{ hits: number; units: number }> {
    const text = await (await fetch(this.metricsUrl)).text();
    const value = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
    return {
      hits: value(/^cache_reads_total\{result="hit"\} (\S+)$/m),
      units: value(
        /^dynamodb_consumed_units_total\{table="panzoto-audio-files",operation="GetItem",kind="read"\} (\S+)$/m,
      ),
    };
  }
}

async function main(): Promise<void> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.error('Needs redis-server on the PATH (Debian: apt-get install redis-server)');
    process.exitCode = 1;
    return;
  }
  const programs = new Programs(new AbortController());
  try {
    const engine = await startEngine({ kind: 'prefer-embedded' });
    programs.adopt(() => engine.stop());
    const redisPort = await probePort();
    const redis = startChild('redis-server', [
      ...['--bind', '127.0.0.1', '--port', String(redisPort), '--save', '', '--appendonly', 'no'],
    ]);
    programs.adopt(() => redis.stop());
    const environment = serviceEnvironment(engine.endpoint);
    await programs.runNode(['dist/commands/create-tables.js'], environment);
    const start = async (more: Record<string, string>): Promise<Bench> => {
      const metricsPort = String(await probePort());
      const service = await programs.startService({ ...environment, ...more, METRICS_PORT: metricsPort });
      const { token } = await register(service.url);
      const bench = new Bench(service, `http://127.0.0.1:${metricsPort}/metrics`, token);
      await bench.measure(10, WARM_UP);
      return bench;
    };
    const off = await start({});
    const on = await start({ CACHE: 'on', REDIS_URL: `redis://127.0.0.1:${redisPort}` });
    console.log('hits    units off  units on  CPU µs off  CPU µs on  on ÷ off');
    for (const reads of READS) {
      const [without, withCache] = [await off.measure(reads), await on.measure(reads)];
      const cells = [
        `${(withCache.hits * 100).toFixed(0)} %`.padEnd(6),
        without.units.toFixed(2).padStart(10),
        withCache.units.toFixed(2).padStart(8),
        without.cpuMicros.toFixed(0).padStart(10),
        withCache.cpuMicros.toFixed(0).padStart(9),
        (withCache.cpuMicros / without.cpuMicros).toFixed(2).padStart(8),
      ];
      console.log(cells.join('  '));
    }
  } finally {
    await programs.stopAll();
    killAllChildren();
  }
}

await main();
process.exit();
