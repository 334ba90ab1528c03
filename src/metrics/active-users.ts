import type { Redis } from 'ioredis';

/** Users counted in memory at most; beyond, the number stays where it is. */
const MAX_USERS = 1_000_000;
/** Redis keeps a day's count so long; seconds. */
const KEPT_SECONDS = 2 * 24 * 3600;

/**
 * How many different users were served today, in UTC. With Redis all instances count together, in a HyperLogLog (within
 * about 1 %); without, each process counts its own.
 */
export class ActiveUsers {
  private day = '';
  private readonly seen = new Set<string>();

  constructor(private readonly redis: Redis | undefined) {}

  /** Whether the number is that of all processes together. */
  get areShared(): boolean {
    return this.redis !== undefined;
  }

  /** Notes that a user was served. */
  note(userId: string): void {
    this.turnDay();
    if (this.seen.has(userId) || this.seen.size >= MAX_USERS) return;
    this.seen.add(userId);
    if (this.redis?.status !== 'ready') return;
    const key = keyOf(this.day);
    // A number for people: without Redis for a moment it is a little too small.
    this.redis
      .pipeline()
      .pfadd(key, userId)
      .expire(key, KEPT_SECONDS)
      .exec()
      .catch(() => undefined);
  }

  /** How many there were today so far. */
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
