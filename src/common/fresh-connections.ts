import { Dispatcher } from 'undici';
import { elapsedMs } from './clock.js';

/** How long a connection is kept that nobody uses: less than the other side keeps it. Milliseconds. */
export const KEEP_ALIVE_MS = 30_000;

/** A process that sends nothing for so long may have been frozen. Milliseconds. */
const PAUSE_MS = 1_000;

/**
 * Connections of an HTTP client, none of which is used after {@link KEEP_ALIVE_MS} of silence, also if the process was frozen
 * meanwhile. undici closes idle connections by counting ticks of a timer, and a frozen process has none: its next request would
 * wait for an answer on a connection that the other side has forgotten.
 *
 * The pauses of the whole client are added up, because of several connections one may be idle while another one is used. A
 * client that is always busy never opens new ones for this.
 */
export class FreshConnections extends Dispatcher {
  private current: Dispatcher;
  private usedAt = elapsedMs();
  /** Since the connections were opened. Milliseconds. */
  private pausedMs = 0;

  /** @param open makes a dispatcher without connections */
  constructor(private readonly open: () => Dispatcher) {
    super();
    this.current = open();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const now = elapsedMs();
    const sinceMs = now - this.usedAt;
    if (sinceMs > PAUSE_MS) this.pausedMs += sinceMs;
    if (this.pausedMs > KEEP_ALIVE_MS) this.renew();
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
    this.pausedMs = 0;
    // What is still under way on it ends by itself.
    old.close().catch(() => undefined);
  }
}
