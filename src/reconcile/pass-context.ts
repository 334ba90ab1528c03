import type { Finding, ReconcileReport } from './report.js';

export interface ReconcileProgress {
  readonly reading: 'records' | 'objects';
  /** Number of items read. */
  readonly count: number;
}

/** What the scans of a pass share. */
export interface PassContext {
  readonly apply: boolean;
  /** Unix seconds. Older items are old. */
  readonly cutoff: number;
  readonly report: ReconcileReport;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: ReconcileProgress) => void;
  /** In whole hours. */
  hoursSince(seconds: number): number;
  /** Counts deletions; with `apply` before they are done. @throws DeletionLimitError */
  remove(count: number): void;
  /** @throws DeletionLimitError if this many more deletions would exceed the limit */
  check(count: number): void;
}
