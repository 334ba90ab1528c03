import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DeploymentError } from '../common/errors/domain-errors.js';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { tableDefinitions } from '../database/tables.js';

/** Half of the two seconds that readiness may take. */
const TIMEOUT_MS = 1000;
/** Probes cost read units and anybody can send them, so there is at most one a second for all. */
const CACHE_MS = 1000;

/** Whether the database serves reads of every table that the service needs; 0.5 read units a table. */
@Injectable()
export class DatabaseHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly logger: Logger,
  ) {}

  check() {
    return this.indicators
      .check('database')
      .attempt(() => this.readEveryTable())
      .withTimeout(TIMEOUT_MS)
      .cacheFor(CACHE_MS);
  }

  private async readEveryTable(): Promise<void> {
    try {
      const needed = tableDefinitions(this.config.tables).filter(({ isEphemeral }) => !isEphemeral);
      await Promise.all(
        needed.map(({ name, partitionKey }) =>
          this.database.get({ TableName: name, Key: { [partitionKey.name]: 'health-check' } }),
        ),
      );
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      const remedy = error instanceof DeploymentError ? { remedy: error.remedy } : {};
      this.logger.error({ err: cause, ...remedy }, 'the database does not serve');
      throw error;
    }
  }
}
