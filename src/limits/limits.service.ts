import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import type { LimitName } from './limit-name.js';
import { type Counted, Limiter } from './limiter.js';
import { LoginThrottle } from './login-throttle.js';
import type { SharedStore } from './stores/counts.js';
import { SHARED_STORE } from './stores/shared-store.provider.js';

/** The limits of the service, or none of them where they are off. */
@Injectable()
export class LimitsService {
  /** Absent where limits are off. */
  readonly loginThrottle: LoginThrottle | undefined;
  private readonly limiters: Record<LimitName, Limiter> | undefined;

  constructor({ limits }: AppConfig, @Optional() @Inject(SHARED_STORE) store?: SharedStore) {
    if (!limits.enabled) return;
    this.loginThrottle = new LoginThrottle(limits, store);
    this.limiters = {
      register: new Limiter('register', limits.register, store),
      login: new Limiter('login', limits.login, store),
      create: new Limiter('create', limits.create, store),
      batch: new Limiter('batch', limits.batch, store),
      usage: new Limiter('usage', limits.usage, store),
      'costly-read': new Limiter('costly-read', limits.costlyRead, store),
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
