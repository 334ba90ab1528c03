/** How far the clocks of the environments are ahead of ours. */
export interface ClockOffset {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The clock that tests move on, by hours while the environments are frozen. */
export class EmulatorClock {
  private current: ClockOffset = { wallMs: 0, monotonicMs: 0 };

  /** The sum of all moves. */
  get offset(): ClockOffset {
    return this.current;
  }

  /** Unix time in the environments, in milliseconds. */
  now(): number {
    return Date.now() + this.current.wallMs;
  }

  /** Moves the wall clock by `ms`, and where `monotonic` also the monotonic clock, which timers follow. */
  advance(ms: number, { monotonic }: { monotonic: boolean }): void {
    const { wallMs, monotonicMs } = this.current;
    this.current = { wallMs: wallMs + ms, monotonicMs: monotonicMs + (monotonic ? ms : 0) };
  }
}
