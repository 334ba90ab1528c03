/** A run would delete more than it may. */
export class DeletionLimitError extends Error {
  constructor(max: number) {
    super(
      `More is to be deleted than there was when the run began, beyond --max-deletions ${max}: stopped. ` +
        'What was mended stays so; look at a new report before you run it again',
    );
    // A plain name: the message says everything.
    this.name = 'Error';
  }
}

/** Counts what a pass deletes, records and objects alike, and stops it at a limit. */
export class DeletionLimit {
  count = 0;

  /** @param max absent for a pass that only reports */
  constructor(private readonly max = Infinity) {}

  /**
   * Counts deletions that are about to be done.
   *
   * @throws DeletionLimitError where they are too many
   */
  remove(count: number): void {
    this.check(count);
    this.count += count;
  }

  /** @throws DeletionLimitError where so many more would be too many */
  check(count: number): void {
    if (this.count + count > this.max) throw new DeletionLimitError(this.max);
  }
}
