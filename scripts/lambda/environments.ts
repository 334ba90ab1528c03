import { EventEmitter, once } from 'node:events';
import type { EmulatorClock } from './clock.js';
import { Environment } from './environment.js';
import type { FunctionSettings } from './function-settings.js';
import { type Answer, type Invocation, ThrottledError } from './invocation.js';
import type { ColdStart } from './options.js';

/**
 * How long a request waits for an environment that has answered and is about to call for its next invocation. On AWS the
 * answer takes longer than that on its way to the client; here it would find the only environment still busy. Milliseconds.
 */
const FINISH_MS = 250;

/** The execution environments of the function: started cold when all are busy and there is room, ended when idle. */
export class Environments {
  /** All cold starts so far that succeeded. */
  readonly coldStarts: ColdStart[] = [];

  private readonly alive = new Map<Environment, NodeJS.Timeout | undefined>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly settings: FunctionSettings,
    private readonly clock: EmulatorClock,
  ) {}

  /** Those that there are, in the order of their start. */
  list(): Environment[] {
    return [...this.alive.keys()];
  }

  /**
   * Calls the function in a free environment.
   *
   * @throws ThrottledError when all are busy and there is no room
   * @throws InvocationError where there is no answer
   */
  async invoke(invocation: Invocation): Promise<Answer> {
    const free = this.claimFree() ?? (await this.claimFinishing());
    if (free !== undefined) {
      await this.settings.options.onThaw?.(free);
      return free.invoke(invocation);
    }
    if (this.alive.size >= this.settings.concurrency) return this.invokeInTurn(invocation);
    const environment = this.add();
    const answer = environment.invoke(invocation);
    await environment.start();
    return answer;
  }

  /** The same in the first environment that becomes free. */
  private async invokeInTurn(invocation: Invocation): Promise<Answer> {
    const deadline = AbortSignal.timeout(this.settings.options.queueMs ?? 0);
    while (!deadline.aborted) {
      await once(this.changes, 'change', { signal: deadline }).catch(() => undefined);
      const free = this.claimFree();
      if (free !== undefined) return free.invoke(invocation);
    }
    throw new ThrottledError('Rate Exceeded.');
  }

  /** Kills all. Resolves when they are gone. */
  async close(): Promise<void> {
    while (this.alive.size > 0) {
      const change = once(this.changes, 'change');
      for (const environment of this.alive.keys()) environment.kill();
      await change;
    }
  }

  /** The one that was used last, so that those that are not needed become idle. */
  private claimFree(): Environment | undefined {
    const free = this.list().findLast(({ state }) => state === 'frozen');
    if (free === undefined) return undefined;
    clearTimeout(this.alive.get(free));
    free.claim();
    return free;
  }

  private async claimFinishing(): Promise<Environment | undefined> {
    const deadline = AbortSignal.timeout(FINISH_MS);
    while (!deadline.aborted && this.list().some(({ state }) => state === 'finishing')) {
      await once(this.changes, 'change', { signal: deadline }).catch(() => undefined);
      const free = this.claimFree();
      if (free !== undefined) return free;
    }
    return undefined;
  }

  private add(): Environment {
    const { log, onColdStart } = this.settings.options;
    const environment: Environment = new Environment(this.settings, this.clock, {
      log: (line) => log?.(line),
      started: (durationMs) => {
        const start = { environment: environment.name, durationMs };
        this.coldStarts.push(start);
        onColdStart?.(start);
      },
      frozen: () => {
        // Last in the order of use.
        this.alive.delete(environment);
        this.alive.set(environment, setTimeout(() => environment.kill(), this.settings.idleMs).unref());
        this.changes.emit('change');
      },
      gone: () => {
        clearTimeout(this.alive.get(environment));
        this.alive.delete(environment);
        this.changes.emit('change');
      },
    });
    this.alive.set(environment, undefined);
    return environment;
  }
}
