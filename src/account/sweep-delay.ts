/**
 * Delay between the deletion of an account and its sweep, in seconds. Upload URLs remain valid for 15 minutes and
 * concurrent requests run until their deadline. After this delay nothing can be written any more.
 */
export const SWEEP_DELAY_SECONDS = 20 * 60;
