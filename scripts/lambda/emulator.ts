import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { EmulatorClock } from './clock.js';
import { Environments } from './environments.js';
import { createFrontServer, payloadOf } from './front-server.js';
import { settingsOf } from './function-settings.js';
import { gatewayOf } from './gateway.js';
import type { ColdStart, EmulatorOptions, EnvironmentView } from './options.js';

export type {
  ColdStart,
  EmulatorOptions,
  EnvironmentState,
  EnvironmentView,
  Front,
  InvokeMode,
} from './options.js';

/** A function that is served over HTTP by execution environments on this machine. */
export interface Emulator {
  /** `http://127.0.0.1:40123`, without a path. */
  readonly url: string;
  /** The environments that there are now. */
  readonly environments: readonly EnvironmentView[];
  /** All cold starts so far. */
  readonly coldStarts: readonly ColdStart[];
  /**
   * Moves the wall clock of all environments, and where `monotonic` their monotonic clock and timers too, by `ms` at their next
   * thaw; those that are started later begin there. Also the times of the events and deadlines. Needs the option `clock`.
   *
   * @throws Error without the option
   */
  advanceClock(ms: number, options: { monotonic: boolean }): void;
  /**
   * Invokes the function past the front, as other sources of events do.
   *
   * @returns what the handler returned
   * @throws Error where it failed
   */
  invoke(event: unknown): Promise<unknown>;
  /** Kills the environments and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves a Lambda function over HTTP: a request becomes an event of payload 2.0, the event an invocation of one of the
 * execution environments, which are processes that are stopped (SIGSTOP) while they have none.
 *
 * @throws Error where an HTTP API should stream, or where nothing can listen
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { front = 'function-url', mode, log = () => undefined, host = '127.0.0.1', port = 0 } = options;
  if (front === 'http-api' && mode === 'stream') throw new Error('HTTP APIs cannot stream');
  const clock = new EmulatorClock();
  const environments = new Environments(settingsOf(options), clock);
  const gateway = { ...gatewayOf(front), changesHeaders: options.changesHeaders ?? true };
  const server = createFrontServer({ gateway, mode, environments, clock, log });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    get environments() {
      return environments.list();
    },
    coldStarts: environments.coldStarts,
    advanceClock: (ms, how) => {
      if (options.clock !== true) throw new Error('The emulator was started without the option `clock`');
      clock.advance(ms, how);
    },
    invoke: async (event) => {
      const [requestId, traceId] = [randomUUID(), 'Root=1-0-0'];
      const answer = await environments.invoke({ requestId, traceId, event: JSON.stringify(event) });
      return JSON.parse((await payloadOf(answer)).toString()) as unknown;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await environments.close();
    },
  };
}
