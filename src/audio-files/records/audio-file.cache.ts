import { Inject, Injectable, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { circuitOf } from '../../redis/redis.js';
import type { AudioFile } from './audio-file.js';

/** The longest that a record is taken from the cache, also where nothing told the cache of a change; seconds. */
const LIFETIME_SECONDS = 60;
/** Longer than any reader takes from reading the generation to putting the record; seconds. */
const GENERATION_SECONDS = 120;

/** Puts a record only where no write began or ended since the reader saw this generation. */
const PUT_UNLESS_WRITTEN = `
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return 1`;

/**
 * Single records in Redis, for GETs, where `CACHE` is on. Each write raises the generation of its record before and after,
 * so that a slow reader cannot put back what a write has changed or deleted. A Redis that is away is no cache, and never
 * an error.
 */
@Injectable()
export class AudioFileCache {
  private readonly redis: Redis | undefined;
  private readonly loads = new Map<string, Promise<AudioFile | undefined>>();

  constructor(
    { cache }: AppConfig,
    @Optional() @Inject(Redis) redis?: Redis,
    @Optional() private readonly metrics?: Metrics,
  ) {
    this.redis = cache.enabled ? redis : undefined;
  }

  /** The record from the cache, or else from `load`, which is under way once at a time for each state of a record. */
  async read(fileId: string, load: () => Promise<AudioFile | undefined>): Promise<AudioFile | undefined> {
    const { redis } = this;
    if (redis?.status !== 'ready') return load();
    const [record, generation] = keysOf(fileId);
    const known = await this.asked(redis, () => redis.mget(record, generation));
    const file = parse(known?.[0]);
    this.metrics?.cacheRead(file !== undefined);
    if (file) return file;
    if (!known) return load();
    // With the generation in its name nobody joins a load that began before a write that is over.
    const name = `${fileId} ${known[1] ?? ''}`;
    const running = this.loads.get(name);
    if (running) return running;
    const started = this.load(redis, fileId, known[1] ?? '', load).finally(() => this.loads.delete(name));
    this.loads.set(name, started);
    return started;
  }

  /** Does a write, and sees to it that nothing older stays in the cache. */
  async during<T>(fileIds: readonly string[], write: () => Promise<T>): Promise<T> {
    if (!this.redis) return write();
    await this.forget(fileIds);
    try {
      return await write();
    } finally {
      // Also where it failed: it may have been applied.
      await this.forget(fileIds);
    }
  }

  private async load(
    redis: Redis,
    fileId: string,
    generation: string,
    load: () => Promise<AudioFile | undefined>,
  ): Promise<AudioFile | undefined> {
    const file = await load();
    if (file) {
      const put = [PUT_UNLESS_WRITTEN, 2, ...keysOf(fileId), generation, JSON.stringify(file)] as const;
      await this.asked(redis, () => redis.eval(...put, LIFETIME_SECONDS));
    }
    return file;
  }

  private async forget(fileIds: readonly string[]): Promise<void> {
    const { redis } = this;
    if (redis?.status !== 'ready' || fileIds.length === 0) return;
    const pipeline = redis.pipeline();
    for (const fileId of fileIds) {
      const [record, generation] = keysOf(fileId);
      pipeline.incr(generation).expire(generation, GENERATION_SECONDS).del(record);
    }
    await this.asked(redis, async () => {
      const failed = (await pipeline.exec())?.find(([error]) => error);
      if (failed?.[0]) throw failed[0];
    });
  }

  /** `undefined` where it fails, which the client of Redis logs. */
  private async asked<T>(redis: Redis, call: () => Promise<T>): Promise<T | undefined> {
    return circuitOf(redis)
      .run(call)
      .catch(() => undefined);
  }
}

/** A record as it was put; `undefined` for what is none. */
function parse(text: string | null | undefined): AudioFile | undefined {
  try {
    const file = JSON.parse(text ?? 'null') as Partial<AudioFile> | null;
    return typeof file?.fileId === 'string' && typeof file.ownerId === 'string'
      ? (file as AudioFile)
      : undefined;
  } catch {
    return undefined;
  }
}

function keysOf(fileId: string): [record: string, generation: string] {
  // In braces what decides the node of a cluster: a script takes keys of one node only.
  return [`audio-file:{${fileId}}`, `audio-file:{${fileId}}:generation`];
}
