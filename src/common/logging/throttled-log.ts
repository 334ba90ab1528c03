import { elapsedMs } from '../clock.js';
import type { Logger } from './logger.js';

/** At most one line of a kind in this time. Milliseconds. */
const INTERVAL_MS = 1000;

/**
 * Warnings of events that may happen hundreds of times a second. One line a second with a count is enough: each line
 * costs time that an overloaded service does not have.
 */
export class ThrottledLog {
  private readonly kinds = new Map<string, { times: number; writtenAt: number }>();

  constructor(private readonly logger: Logger) {}

  /** @param message one of a few constant texts. Events are counted by it */
  warn(message: string): void {
    const now = elapsedMs();
    const kind = this.kinds.get(message) ?? { times: 0, writtenAt: -INTERVAL_MS };
    this.kinds.set(message, kind);
    kind.times++;
    if (now - kind.writtenAt < INTERVAL_MS) return;
    // The number of events since the previous line, including this one.
    this.logger.warn({ times: kind.times }, message);
    kind.times = 0;
    kind.writtenAt = now;
  }
}
