import { Inject, Injectable, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { circuitOf } from '../../redis/redis.js';
import type { AudioFile } from './audio-file.js';

/** Maximum lifetime of a cached record, which matters if the cache missed a change; seconds. */
const LIFETIME_SECONDS = 60;
/** Longer than any reader takes from reading the generation to storing the record; seconds. */
const GENERATION_SECONDS = 120;

/** Stores a record only if no write has begun or ended since the reader read this generation. */
const PUT_UNLESS_WRITTEN = `
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return 1`;

/**
 * Single records in Redis, for GETs, if `CACHE` is on. Each write increments the generation of its record before and
 * after, so that a slow reader cannot store a value that a write has changed or deleted. If Redis is unavailable there
 * is no cache, and no error.
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

  /** The record from the cache, or from `load`, which runs once at a time for each state of a record. */
  async read(fileId: string, load: () => Promise<AudioFile | undefined>): Promise<AudioFile | undefined> {
    const { redis } = this;
    if (redis?.status !== 'ready') return load();
    const [record, generation] = keysOf(fileId);
    const known = await this.asked(redis, () => redis.mget(record, generation));
    const file = parse(known?.[0]);
    this.metrics?.cacheRead(file !== undefined);
    if (file) return file;
    if (!known) return load();
    // The key contains the generation, so that no request joins a load that began before a finished write.
    const name = `${fileId} ${known[1] ?? ''}`;
    const running = this.loads.get(name);
    if (running) return running;
    const started = this.load(redis, fileId, known[1] ?? '', load).finally(() => this.loads.delete(name));
    this.loads.set(name, started);
    return started;
  }

  /** Runs a write and invalidates the cache before and after it. */
  async during<T>(fileIds: readonly string[], write: () => Promise<T>): Promise<T> {
    if (!this.redis) return write();
    await this.forget(fileIds);
    try {
      return await write();
    } finally {
      // Also after a failure: the write may have been applied.
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

  /** `undefined` after a failure, which the Redis client logs. */
  private async asked<T>(redis: Redis, call: () => Promise<T>): Promise<T | undefined> {
    return circuitOf(redis)
      .run(call)
      .catch(() => undefined);
  }
}

/** A record as it was stored; `undefined` for anything else. */
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
  // The part in braces selects the node of a cluster: the keys of a script must be on one node.
  return [`audio-file:{${fileId}}`, `audio-file:{${fileId}}:generation`];
}
