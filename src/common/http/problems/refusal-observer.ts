/** Receives requests that were refused because of who asks or how often, for the audit trail and the metrics. */
export abstract class RefusalObserver {
  /** @param refusal its reason, and the route template if there is one */
  abstract accessDenied(refusal: Refusal): void;
  /** @param refusal its reason is the policy of the limit */
  abstract rateLimited(refusal: Refusal): void;
}

export interface Refusal {
  readonly reason: string;
  readonly route?: string;
}
