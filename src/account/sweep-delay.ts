/**
 * How long after its deletion an account is swept, in seconds: upload URLs outlive it by 15 minutes, requests that were
 * under way by their deadline, and after this nothing comes any more.
 */
export const SWEEP_DELAY_SECONDS = 20 * 60;
