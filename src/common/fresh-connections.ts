import { Dispatcher } from 'undici';
import { elapsedMs } from './clock.js';

/** How long a connection is kept that nobody uses: less than the other side keeps it. Milliseconds. */
export const KEEP_ALIVE_MS = 30_000;

/**
 * Connections of an HTTP client, none of which is used after {@link KEEP_ALIVE_MS} of silence, also where the process was frozen
 * meanwhile: undici ends such connections by timers, which do not fire then, and the first request would wait for an answer
 * on a connection that the other side has forgotten.
 */
export class FreshConnections extends Dispatcher {
  private current: Dispatcher;
  private usedAt = elapsedMs();

  /** @param open makes a dispatcher without connections */
  constructor(private readonly open: () => Dispatcher) {
    super();
    this.current = open();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const now = elapsedMs();
    if (now - this.usedAt > KEEP_ALIVE_MS) this.renew();
    this.usedAt = now;
    return this.current.dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await this.current.close();
  }

  override async destroy(): Promise<void> {
    await this.current.destroy();
  }

  private renew(): void {
    const old = this.current;
    this.current = this.open();
    // What is still under way on it ends by itself.
    old.close().catch(() => undefined);
  }
}
