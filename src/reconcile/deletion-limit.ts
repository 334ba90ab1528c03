/** A run would delete more than its limit. */
export class DeletionLimitError extends Error {
  constructor(max: number) {
    super(
      `More is to be deleted than there was when the run began, beyond --max-deletions ${max}: stopped. ` +
        'What was mended stays so; look at a new report before you run it again',
    );
    // A neutral name: the message is complete.
    this.name = 'Error';
  }
}

/** Counts the deletions of a pass, records and objects together, and stops it at a limit. */
export class DeletionLimit {
  count = 0;

  /** @param max absent for a pass that only reports */
  constructor(private readonly max = Infinity) {}

  /**
   * Counts deletions before they are done.
   *
   * @throws DeletionLimitError if they exceed the limit
   */
  remove(count: number): void {
    this.check(count);
    this.count += count;
  }

  /** @throws DeletionLimitError if this many more would exceed the limit */
  check(count: number): void {
    if (this.count + count > this.max) throw new DeletionLimitError(this.max);
  }
}
