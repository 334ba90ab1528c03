import { Inject, Injectable, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../config/config.js';
import type { LimitName } from './limit-name.js';
import { type Counted, Limiter } from './limiter.js';
import { LoginThrottle } from './login-throttle.js';

/** The limits of the service, or none of them where they are off. */
@Injectable()
export class LimitsService {
  /** Absent where limits are off. */
  readonly loginThrottle: LoginThrottle | undefined;
  private readonly limiters: Record<LimitName, Limiter> | undefined;

  constructor({ limits }: AppConfig, @Optional() @Inject(Redis) redis?: Redis) {
    if (!limits.enabled) return;
    this.loginThrottle = new LoginThrottle(limits, redis);
    this.limiters = {
      register: new Limiter('register', limits.register, redis),
      login: new Limiter('login', limits.login, redis),
      create: new Limiter('create', limits.create, redis),
      batch: new Limiter('batch', limits.batch, redis),
      usage: new Limiter('usage', limits.usage, redis),
      'costly-read': new Limiter('costly-read', limits.costlyRead, redis),
    };
  }

  /**
   * Counts a request.
   *
   * @returns how it was counted, `undefined` where limits are off
   * @throws TooManyRequestsError
   */
  async consume(name: LimitName, key: string): Promise<Counted | undefined> {
    return this.limiters?.[name].consume(key);
  }
}
