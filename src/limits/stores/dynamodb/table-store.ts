import { createHmac } from 'node:crypto';
import { CircuitBreaker } from '../../../common/circuit-breaker.js';
import { UnavailableError } from '../../../common/errors/domain-errors.js';
import type { Logger } from '../../../common/logging/logger.js';
import { ThrottledLog } from '../../../common/logging/throttled-log.js';
import { meansNoAnswer } from '../../../common/transport-failures.js';
import type { Database } from '../../../database/database.js';
import { isThrottled } from '../../../database/database-errors.js';
import type { Counts, CountsOptions, KnownClients, SharedStore } from '../counts.js';
import { LimitsTable } from './limits-table.js';
import { TableCounts } from './table-counts.js';
import { TableKnownClients } from './table-known-clients.js';

/** What one call to the table of limits may take. In milliseconds. */
export const LIMITS_BUDGET_MS = 250;
/** So long nobody asks a table that does not serve; then one at a time does. In milliseconds. */
const CIRCUIT_PAUSE_MS = 1000;
/** Of the hash that stands for a key: 128 bits. */
const SUBJECT_LENGTH = 22;

/**
 * Counts in a table of its own. It has its own circuit: what is wrong with the table of limits fails no other call, and
 * while it is away each instance counts for itself.
 */
export class TableStore implements SharedStore {
  /** As far as anybody can tell without asking. */
  readonly isConnected = true;
  readonly circuit: CircuitBreaker;
  readonly known: KnownClients;
  private readonly table: LimitsTable;
  private readonly throttled: ThrottledLog;

  /**
   * @param database of its own, whose calls take {@link LIMITS_BUDGET_MS} and no second try
   * @param secretKey of the hashes that stand for addresses and accounts
   */
  constructor(
    database: Database,
    table: string,
    private readonly secretKey: string,
    logger: Logger,
  ) {
    this.throttled = new ThrottledLog(logger);
    this.table = new LimitsTable(database, table);
    this.circuit = new CircuitBreaker({
      source: 'the limits table',
      pauseMs: CIRCUIT_PAUSE_MS,
      isFailure: (error) => this.isAway(error),
      onChange: (open, cause) => {
        if (open) {
          const err = cause instanceof Error ? (cause.cause ?? cause) : cause;
          logger.error({ err }, 'limits table is away; limits are counted by each instance, more tightly');
        } else logger.info({}, 'limits table is back');
      },
    });
    this.known = new TableKnownClients(this.table, this.circuit, (key) => this.subject(key));
  }

  counts(options: CountsOptions): Counts {
    return new TableCounts(this.table, options, (key) => this.subject(key));
  }

  /** Whether an error says that the table is away; `undefined` where it says nothing of the table. */
  private isAway(error: unknown): boolean | undefined {
    if (isThrottled(error)) {
      // One partition has 1,000 W a second. What is counted elsewhere goes on.
      this.throttled.warn(
        'a counter in the limits table is throttled; it is counted by this instance, more tightly',
      );
      return undefined;
    }
    // Before the circuit opens, which a process that serves few requests may never see.
    this.throttled.warn('the limits table did not take a count; this instance counts it, more tightly');
    const cause = error instanceof UnavailableError ? error.cause : error;
    return meansNoAnswer(cause, LIMITS_BUDGET_MS) === undefined ? undefined : true;
  }

  private subject(key: string): string {
    const hash = createHmac('sha256', this.secretKey).update(`limits:${key}`).digest('base64url');
    return hash.slice(0, SUBJECT_LENGTH);
  }
}
