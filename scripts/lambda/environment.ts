import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClockOffset, EmulatorClock } from './clock.js';
import {
  environmentVariables,
  FUNCTION_ARN,
  type FunctionSettings,
  runtimeArguments,
} from './function-settings.js';
import { type Answer, type Invocation, InvocationError } from './invocation.js';
import { killGroup, signalTo, spawnMortal } from './mortal-process.js';
import type { EnvironmentState, EnvironmentView } from './options.js';
import { type ReportedError, type RuntimeApi, type RuntimeCalls, startRuntimeApi } from './runtime-api.js';

/** What an environment tells about itself. */
export interface EnvironmentEvents {
  started(durationMs: number): void;
  /** It waits, frozen, for its next invocation. */
  frozen(): void;
  gone(): void;
  log(line: string): void;
}

/** An invocation under way. */
interface Running {
  invocation: Invocation;
  resolve: (answer: Answer) => void;
  reject: (error: InvocationError) => void;
  since: number;
}

type Reply = Parameters<RuntimeCalls['next']>[0];

/** An execution environment: one process, one invocation at a time, stopped (SIGSTOP) while it has none. */
export class Environment implements EnvironmentView, RuntimeCalls {
  readonly name = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomBytes(16).toString('hex')}`;
  state: EnvironmentState = 'starting';
  invocations = 0;

  private readonly startedAt = performance.now();
  private readonly temporary = mkdtempSync(join(tmpdir(), 'lambda-'));
  private readonly clockAtStart: ClockOffset;
  private clockGiven: ClockOffset;
  private api: RuntimeApi | undefined;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private waiting: Reply | undefined;
  private running: Running | undefined;
  private initFault: string | undefined;

  constructor(
    private readonly settings: FunctionSettings,
    private readonly clock: EmulatorClock,
    private readonly events: EnvironmentEvents,
  ) {
    this.clockAtStart = clock.offset;
    this.clockGiven = clock.offset;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts the process; the invocation that it is started for is given to it when it asks. */
  async start(): Promise<void> {
    this.api = await startRuntimeApi(this);
    const { orphanGuard, handlerFile } = this.settings.options;
    this.child = spawnMortal(process.execPath, runtimeArguments(this.settings), {
      cwd: dirname(resolve(handlerFile)),
      env: environmentVariables(this.settings, {
        name: this.name,
        api: this.api.address,
        temporary: this.temporary,
        wallMs: this.clockAtStart.wallMs,
      }),
      ...(orphanGuard !== undefined && { orphanGuard }),
    });
    this.startTimer(this.settings.initTimeoutMs, 'init', () => `INIT_REPORT Phase: init\tStatus: timeout`);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.events.log(line));
    }
    this.child.once('error', (error) => this.end(`Runtime could not be started: ${error.message}`));
    this.child.once('exit', (code, signal) =>
      this.end(
        `Runtime exited with error: ${signal === null ? `exit status ${code}` : `signal: ${signal.toLowerCase()}`}`,
      ),
    );
  }

  /** Takes it, so that nobody else does, for an invocation that follows. */
  claim(): void {
    this.state = 'busy';
  }

  /**
   * Calls the function, in an environment that was just made or was claimed.
   *
   * @throws InvocationError where there is no answer
   */
  async invoke(invocation: Invocation): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.running = { invocation, resolve, reject, since: performance.now() };
      if (this.state === 'gone') this.fail('exit', 'Error: Runtime exited');
      if (this.waiting === undefined) return;
      signalTo(this.child?.pid, 'SIGCONT');
      this.handOver();
    });
  }

  /** Ends the process at once, stopped or not. */
  kill(): void {
    if (this.child !== undefined) killGroup(this.child);
  }

  /** @inheritdoc */
  next(reply: Reply): void {
    this.waiting = reply;
    clearTimeout(this.timer);
    if (this.state === 'starting') this.events.started(performance.now() - this.startedAt);
    else if (this.running !== undefined) this.report(this.running);
    if (this.state !== 'starting') this.running = undefined;
    if (this.running !== undefined) return this.handOver();
    this.state = 'frozen';
    signalTo(this.child?.pid, 'SIGSTOP');
    this.events.frozen();
  }

  /** @inheritdoc */
  isCurrent(requestId: string): boolean {
    return this.state === 'busy' && this.running?.invocation.requestId === requestId;
  }

  /** @inheritdoc */
  response(answer: Answer): void {
    this.running?.resolve(answer);
  }

  /** @inheritdoc */
  responseTooLarge(): void {
    this.fail('response-too-large', 'Error Type: Function.ResponseSizeTooLarge');
  }

  /** @inheritdoc */
  responseEnd(): void {
    this.state = 'finishing';
  }

  /** @inheritdoc */
  error({ errorType, errorMessage }: ReportedError): void {
    this.fail('function-error', `${errorType}: ${errorMessage}`);
  }

  /** @inheritdoc */
  initError({ errorType, errorMessage }: ReportedError): void {
    this.initFault = `INIT_REPORT Phase: init\tStatus: error\tError Type: ${errorType}\t${errorMessage}`;
  }

  private fail(reason: InvocationError['reason'], message: string): void {
    if (this.state !== 'gone') this.state = 'finishing';
    this.running?.reject(
      new InvocationError(reason, `RequestId: ${this.running.invocation.requestId} ${message}`),
    );
  }

  private handOver(): void {
    const { running, waiting } = this;
    if (running === undefined || waiting === undefined) return;
    this.waiting = undefined;
    this.state = 'busy';
    this.invocations += 1;
    running.since = performance.now();
    const { requestId, traceId, event } = running.invocation;
    const { invokeTimeoutMs } = this.settings;
    this.startTimer(
      invokeTimeoutMs,
      'timeout',
      () => `${requestId} Task timed out after ${(invokeTimeoutMs / 1000).toFixed(2)} seconds`,
    );
    this.events.log(`START RequestId: ${requestId} Version: $LATEST`);
    waiting(
      {
        'Lambda-Runtime-Aws-Request-Id': requestId,
        'Lambda-Runtime-Deadline-Ms': String(this.clock.now() + invokeTimeoutMs),
        'Lambda-Runtime-Invoked-Function-Arn': FUNCTION_ARN,
        'Lambda-Runtime-Trace-Id': traceId,
        ...this.clockHeaders(),
      },
      event,
    );
  }

  /** How far the clock was moved since this environment was last told. */
  private clockHeaders(): Record<string, string> {
    const { wallMs, monotonicMs } = this.clock.offset;
    const given = this.clockGiven;
    this.clockGiven = this.clock.offset;
    if (wallMs === given.wallMs && monotonicMs === given.monotonicMs) return {};
    return {
      'Emulator-Clock-Wall-Ms': String(wallMs - given.wallMs),
      'Emulator-Clock-Monotonic-Ms': String(monotonicMs - given.monotonicMs),
    };
  }

  private startTimer(ms: number, reason: InvocationError['reason'], message: () => string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.events.log(message());
      this.running?.reject(new InvocationError(reason, message()));
      this.running = undefined;
      this.kill();
    }, ms);
  }

  private report({ invocation, since }: Running): void {
    const ms = performance.now() - since;
    this.events.log(`END RequestId: ${invocation.requestId}`);
    this.events.log(
      `REPORT RequestId: ${invocation.requestId}\tDuration: ${ms.toFixed(2)} ms\t` +
        `Billed Duration: ${Math.ceil(ms)} ms\tMemory Size: ${this.settings.memoryMb} MB`,
    );
  }

  private end(how: string): void {
    if (this.state === 'gone') return;
    const reason = this.state === 'starting' ? 'init' : 'exit';
    this.state = 'gone';
    clearTimeout(this.timer);
    this.api?.close();
    rmSync(this.temporary, { recursive: true, force: true });
    if (this.running !== undefined) {
      const message = this.initFault ?? `RequestId: ${this.running.invocation.requestId} Error: ${how}`;
      this.events.log(message);
      this.running.reject(new InvocationError(reason, message));
    }
    this.events.gone();
  }
}
