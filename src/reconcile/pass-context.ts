import type { Finding, ReconcileReport } from './report.js';

export interface ReconcileProgress {
  readonly reading: 'records' | 'objects';
  /** Read of these. */
  readonly count: number;
}

/** What the scans of a pass share. */
export interface PassContext {
  readonly apply: boolean;
  /** Unix seconds; what is from before is old. */
  readonly cutoff: number;
  readonly report: ReconcileReport;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: ReconcileProgress) => void;
  /** Whole hours. */
  hoursSince(seconds: number): number;
  /** Counts deletions: before they are done, with `apply`. @throws DeletionLimitError */
  remove(count: number): void;
  /** @throws DeletionLimitError where so many more deletions would be too many */
  check(count: number): void;
}
