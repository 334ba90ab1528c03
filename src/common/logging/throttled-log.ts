import type { Logger } from './logger.js';

/** One line of a kind in this time. Milliseconds. */
const INTERVAL_MS = 1000;

/**
 * Warnings of what may happen hundreds of times a second, and is told well enough by one line a second and a number:
 * what a line costs is taken from a service that has too much to do already.
 */
export class ThrottledLog {
  private readonly kinds = new Map<string, { times: number; writtenAt: number }>();

  constructor(private readonly logger: Logger) {}

  /** @param message one of a few; says what happened, and is counted by */
  warn(message: string): void {
    const now = performance.now();
    const kind = this.kinds.get(message) ?? { times: 0, writtenAt: -INTERVAL_MS };
    this.kinds.set(message, kind);
    kind.times++;
    if (now - kind.writtenAt < INTERVAL_MS) return;
    // As many as there were since the line before, this one included.
    this.logger.warn({ times: kind.times }, message);
    kind.times = 0;
    kind.writtenAt = now;
  }
}
