import type { Redis } from 'ioredis';

/** Maximum of users counted in memory. After that the count stays constant. */
const MAX_USERS = 1_000_000;
/** How long Redis keeps the count of a day; seconds. */
const KEPT_SECONDS = 2 * 24 * 3600;

/**
 * Counts the different users of today, in UTC. With Redis all instances count together, in a HyperLogLog (accurate to
 * about 1 %). Without it each process counts its own.
 */
export class ActiveUsers {
  private day = '';
  private readonly seen = new Set<string>();

  constructor(private readonly redis: Redis | undefined) {}

  /** Whether the count includes all processes. */
  get areShared(): boolean {
    return this.redis !== undefined;
  }

  /** Counts a user. */
  note(userId: string): void {
    this.turnDay();
    if (this.seen.has(userId) || this.seen.size >= MAX_USERS) return;
    this.seen.add(userId);
    if (this.redis?.status !== 'ready') return;
    const key = keyOf(this.day);
    // An approximate metric: it may be a little too low if Redis was unavailable for a moment.
    this.redis
      .pipeline()
      .pfadd(key, userId)
      .expire(key, KEPT_SECONDS)
      .exec()
      .catch(() => undefined);
  }

  /** The count of today so far. */
  async count(): Promise<number> {
    this.turnDay();
    if (this.redis?.status !== 'ready') return this.seen.size;
    return this.redis.pfcount(keyOf(this.day)).catch(() => this.seen.size);
  }

  private turnDay(): void {
    const today = new Date().toISOString().slice(0, 10);
    if (today === this.day) return;
    this.day = today;
    this.seen.clear();
  }
}

function keyOf(day: string): string {
  return `active-users:${day}`;
}
