import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config/read-config.js';
import { startEngine } from '../local-engines/index.js';
import { arrange, type Fixtures, register } from './fixtures.js';
import { type Load, measure, non2xx, send } from './load.js';
import { measureFunction } from './function.js';
import { measureLoginFlood } from './login-flood.js';
import { measureLoginTiming } from './login-timing.js';
import type { BenchOptions } from './options.js';
import { memoryOf } from './process-stats.js';
import { type Program, type Programs, serviceEnvironment } from './programs.js';
import * as report from './report.js';
import { bare, getOne, limits, scenarios } from './scenarios.js';

/**
 * A warm-up takes 3 s, and up to four times as long until there were so many answers. Until then V8 still compiles: a
 * read of a record takes 2.9 ms of CPU in the first 700 requests and 1.4 ms from the 3,000th on.
 */
const WARM_UP_SECONDS = 3;
const WARM_UP_REQUESTS = 3_000;
const WARM_UP_ROUNDS = 4;
/** Between two phases, so that what the last one left under way is over. */
const SETTLE_MS = 500;
/** A process has found its size after so many requests. */
const MEMORY_REQUESTS = 10_000;
const STARTS = 5;
/** The parameters of the older backend: the defaults of Python's `argon2-cffi`. */
const OLDER_ARGON2 = { ARGON2_MEMORY_KIB: '65536', ARGON2_TIME_COST: '3', ARGON2_PARALLELISM: '4' };

/** One run of the benchmark: the database, the service, and what is found out about it. */
export class Run {
  private readonly problems: string[] = [];
  private readonly rows: report.Row[] = [];
  private environment: Record<string, string> = {};
  /** Answers of the service so far. */
  private requests = 0;

  constructor(
    private readonly options: BenchOptions,
    private readonly programs: Programs,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Measures and prints what the options ask for.
   *
   * @returns what went wrong with single requests; empty for a run that counts
   */
  async execute(): Promise<readonly string[]> {
    const { sections, seconds } = this.options;
    const engine = await startEngine({ kind: 'prefer-embedded', signal: this.signal });
    this.programs.adopt(() => engine.stop());
    this.environment = serviceEnvironment(engine.endpoint);
    await this.programs.runNode(['dist/commands/create-tables.js'], this.environment);
    print(report.describeMachine(engine.name, seconds));

    const service = await this.programs.startService(this.environment);
    const fixtures = await arrange(service.url);
    await this.measureScenarios(service, fixtures);
    if (sections.has('login')) await this.compareLoginRate();
    if (sections.has('memory')) await this.readMemory(service, fixtures);
    if (sections.has('timing')) await this.timeFailedLogins(service, fixtures);
    if (sections.has('flood')) await this.floodLogins(service, fixtures);
    if (sections.has('lambda')) await this.compareFunction(service, fixtures);
    await service.stop();
    if (sections.has('start')) await this.measureStarts();
    return this.problems;
  }

  private async measureScenarios(service: Program, fixtures: Fixtures): Promise<void> {
    const wanted = scenarios(service.url, fixtures).filter(({ section }) =>
      this.options.sections.has(section),
    );
    if (wanted.length === 0) return;
    const server = await this.programs.startBareServer(this.environment);
    await this.measureOne('bare node:http', bare(server.url), server.pid);
    await server.stop();
    const limitsWanted = limits('').some(({ section }) => this.options.sections.has(section));
    const limit = limitsWanted ? await this.programs.startLimitServer(this.environment, fixtures) : undefined;
    const least = limit ? limits(limit.url) : [];
    for (const { section, title, load } of wanted) {
      // By turns, so that both meet the same machine.
      const index = least.findIndex((one) => one.section === section);
      const [beside] = index < 0 ? [] : least.splice(index, 1);
      if (limit && beside) await this.measureOne(beside.title, beside.load, limit.pid);
      this.requests += await this.measureOne(title, load, service.pid);
    }
    await limit?.stop();
    print(report.describeRows(this.rows));
  }

  /** @returns how many requests were answered, the warm-up included */
  private async measureOne(title: string, load: Load, pid: number): Promise<number> {
    progress(title);
    let warmUp = 0;
    for (let n = 0; n < WARM_UP_ROUNDS && warmUp < WARM_UP_REQUESTS; n++) {
      warmUp += (await measure(load, WARM_UP_SECONDS)).responses;
    }
    await sleep(SETTLE_MS);
    const measurement = await measure(load, this.options.seconds, pid);
    await sleep(SETTLE_MS);
    this.record({ title, measurement });
    return warmUp + measurement.responses;
  }

  private async compareLoginRate(): Promise<void> {
    progress('Argon2 alone');
    const { passwords } = readConfig(this.environment);
    const seconds = this.options.seconds;
    const { memoryKib, timeCost, parallelism, concurrency } = passwords;
    const args = [memoryKib, timeCost, parallelism, concurrency, seconds].map(String);
    const program = ['scripts/bench/argon2-rate.mjs', ...args];
    const rate = Number(await this.programs.runNode(program, this.environment, seconds * 1000));
    const login = this.rows.find(({ title }) => title === 'POST /api/login');
    if (login) print(report.describeLoginRate(login.measurement, rate, concurrency));
  }

  private async readMemory(service: Program, fixtures: Fixtures): Promise<void> {
    progress('memory');
    const missing = MEMORY_REQUESTS - this.requests;
    if (missing > 0) this.requests += await send(getOne(service.url, fixtures), missing);
    print(report.describeMemory(memoryOf(service.pid), this.requests));
  }

  private async timeFailedLogins(service: Program, fixtures: Fixtures): Promise<void> {
    progress('failed logins');
    const older = await this.programs.startService({ ...this.environment, ...OLDER_ARGON2 });
    const olderAccount = await register(older.url);
    await older.stop();
    const result = await measureLoginTiming(service.url, fixtures, olderAccount);
    print(report.describeTiming(result));
    if (result.unexpected > 0) this.problems.push(`${result.unexpected} failing logins did not get 401`);
  }

  private async floodLogins(service: Program, fixtures: Fixtures): Promise<void> {
    progress('login flood');
    const result = await measureLoginFlood(service.url, fixtures, this.options.seconds);
    print(report.describeFlood(result));
    for (const [title, measurement] of Object.entries({ idle: result.idle, flooded: result.flooded })) {
      this.problems.push(...report.problemsOf({ title: `Login flood, reads ${title}`, measurement }));
    }
    const { statuses, errors } = result.logins;
    const failed = non2xx(statuses) - (statuses['503'] ?? 0) + errors;
    if (failed > 0) this.problems.push(`Login flood: ${failed} logins got neither 200 nor 503`);
  }

  private async compareFunction(service: Program, fixtures: Fixtures): Promise<void> {
    progress('lambda');
    const result = await measureFunction(this.environment, service, fixtures, this.options.seconds);
    print(report.describeFunction(result));
    for (const title of ['server', 'function'] as const)
      this.problems.push(...report.problemsOf({ title, measurement: result[title] }));
  }

  private async measureStarts(): Promise<void> {
    progress('start');
    const times: number[] = [];
    const cpu: (number | undefined)[] = [];
    for (let n = 0; n < STARTS; n++) {
      const service = await this.programs.startService(this.environment);
      times.push(service.startMs);
      cpu.push(service.startCpuMs);
      await service.stop();
    }
    print(
      `${report.describeStarts('Start to first 200', times)}\n${report.describeStarts('CPU of it', cpu)}`,
    );
  }

  private record(row: report.Row): void {
    this.rows.push(row);
    this.problems.push(...report.problemsOf(row));
  }
}

function print(text: string): void {
  console.log(`${text}\n`);
}

/** On standard error, so that standard output is the report alone. */
function progress(what: string): void {
  console.error(`… ${what}`);
}
