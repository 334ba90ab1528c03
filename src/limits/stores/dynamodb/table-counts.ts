import { BLOCKED, type Count, type Counts, type CountsOptions } from '../counts.js';
import type { CounterRef, LimitsTable } from './limits-table.js';
import { Refusals } from './refusals.js';

/** Rows outlive their window by this, for instances whose clocks differ. In seconds. */
const EXPIRY_MARGIN = 120;

/**
 * How long a refusal that somebody is about to replace by a delay is taken for known. The delay may be shorter than what
 * is left of the window. In milliseconds.
 */
const UNDECIDED_MS = 1000;

/** Where a key is counted at a time. */
interface Slot extends CounterRef {
  /** The key in every window. */
  readonly id: string;
  /** When the window ends; Unix seconds. */
  readonly endsAt: number;
  /** When the row ends that has the delay and the strikes; Unix seconds. */
  readonly rowEndsAt: number;
}

/**
 * Counts in the table of limits, 1 W a request. Windows are aligned to the clock (`floor(now / seconds)`), so that two
 * quotas fit around the end of one.
 *
 * A row is a key in a window. Where keys are delayed it is a key in a window of strikes: the requests in each shorter
 * window, the strikes and the delay are in one row, which a success forgets by one write. A delay that outlasts the row is
 * in the next one too.
 */
export class TableCounts implements Counts {
  private readonly refusals = new Refusals();

  /** @param subject stands for a key in the table, where addresses and accounts have no business in clear */
  constructor(
    private readonly table: LimitsTable,
    private readonly options: CountsOptions,
    private readonly subject: (key: string) => string,
  ) {}

  async count(key: string): Promise<Count> {
    const nowMs = Date.now();
    const slot = this.slot(key, nowMs);
    const { row, isBlocked } = await this.table.hit(slot, nowMs / 1000);
    if (isBlocked) return this.refused(slot, (row.blocked_until ?? 0) * 1000);
    const consumed = row[slot.hits as `h${number}`] ?? 1;
    const endMs = slot.endsAt * 1000;
    if (consumed > this.options.limit.points) {
      this.refusals.add(slot.id, this.isDelaying ? Math.min(endMs, nowMs + UNDECIDED_MS) : endMs);
    }
    return {
      consumed,
      msBeforeNext: endMs - nowMs,
      giveBack: () => this.giveBack(slot, row.blocked_until),
    };
  }

  async delay(key: string, secondsOf: (strikes: number) => number): Promise<number> {
    const nowMs = Date.now();
    const slot = this.slot(key, nowMs);
    const strikes = await this.table.strike(slot);
    const seconds = secondsOf(strikes);
    const until = Math.floor(nowMs / 1000) + seconds;
    await this.table.block(slot, until, strikes);
    if (until > slot.rowEndsAt) {
      await this.table.block(this.slot(key, slot.rowEndsAt * 1000), until, strikes);
    }
    this.refusals.add(slot.id, until * 1000);
    return seconds;
  }

  async forget(key: string): Promise<void> {
    const { id, limitKey } = this.slot(key, Date.now());
    await this.table.remove(limitKey);
    this.refusals.forget(id);
  }

  refusalOf(key: string): Count | undefined {
    const msLeft = this.refusals.msLeft(this.idOf(key));
    return msLeft === undefined ? undefined : refusal(msLeft);
  }

  private refused({ id }: Slot, untilMs: number): Count {
    this.refusals.add(id, untilMs);
    return refusal(untilMs - Date.now());
  }

  private async giveBack(slot: Slot, blockedUntil: number | undefined): Promise<void> {
    // The window is over: nobody is refused for it any more.
    if (slot.endsAt * 1000 <= Date.now()) return;
    await this.table.takeBack(slot, blockedUntil);
    // A delay is not shortened by what was counted before it.
    if (!this.isDelaying) this.refusals.forget(slot.id);
  }

  private get isDelaying(): boolean {
    return this.options.strikesSeconds !== undefined;
  }

  private slot(key: string, nowMs: number): Slot {
    const { limit, strikesSeconds = limit.seconds } = this.options;
    const now = nowMs / 1000;
    const row = Math.floor(now / strikesSeconds);
    const window = Math.floor(now / limit.seconds);
    const firstOfRow = Math.floor((row * strikesSeconds) / limit.seconds);
    const rowEndsAt = (row + 1) * strikesSeconds;
    const id = this.idOf(key);
    return {
      id,
      limitKey: `${id}:${row}`,
      // Short, so that a day of them stays below the 1 KB of one write unit.
      hits: `h${window - firstOfRow}`,
      endsAt: (window + 1) * limit.seconds,
      rowEndsAt,
      expiresAt: rowEndsAt + EXPIRY_MARGIN,
    };
  }

  private idOf(key: string): string {
    return `${this.options.policy}:${this.subject(key)}`;
  }
}

function refusal(msLeft: number): Count {
  // Nothing was counted that could be given back.
  return { consumed: BLOCKED, msBeforeNext: msLeft, giveBack: () => Promise.resolve() };
}
