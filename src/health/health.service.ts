import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import { DatabaseHealthIndicator } from './database.health-indicator.js';
import { Lifecycle } from './lifecycle.js';

/** Whether this instance should receive requests. */
@Injectable()
export class HealthService {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly database: DatabaseHealthIndicator,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** `false` if the database is unavailable, or if this instance is shutting down. */
  async isReady(): Promise<boolean> {
    if (this.lifecycle.stopping) return false;
    try {
      await this.checks.check([() => this.database.check()]);
      return true;
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return false;
      throw error;
    }
  }
}
