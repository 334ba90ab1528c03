import { describeWithRedis, startRedis } from '../support/redis.js';
import { expectSharedLimits } from '../support/shared-limits.js';

describeWithRedis('limits with REDIS_URL', () => {
  expectSharedLimits(async () => {
    const redis = await startRedis();
    return {
      ...redis,
      environment: { REDIS_URL: redis.url },
      away: 'redis is away; limits are counted by each instance, more tightly',
      back: 'redis is back',
    };
  });
});
