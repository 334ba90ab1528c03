import { setTimeout as sleep } from 'node:timers/promises';
import type { Measure } from './endpoints.js';

/** What one client sends within a window, and what it costs to count it. */
export interface Flood {
  readonly requests: number;
  readonly writeUnits: number;
  readonly windowSeconds: number;
}

const REQUESTS = 500;
const WINDOW_SECONDS = 60;
/** What the requests take at most. */
const NEEDED_MS = 15_000;

/**
 * Sends many more logins from one address than the limit allows, within one window.
 *
 * @param url of a service that counts limits in the table
 */
export async function measureFlood(url: string, measure: Measure): Promise<Flood> {
  const leftMs = WINDOW_SECONDS * 1000 - (Date.now() % (WINDOW_SECONDS * 1000));
  if (leftMs < NEEDED_MS) await sleep(leftMs + 100);
  const login = () =>
    fetch(`${url}/api/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: '', password: '' }),
    });
  const { write } = await measure(async () => {
    for (let n = 0; n < REQUESTS; n++) await (await login()).arrayBuffer();
  });
  return { requests: REQUESTS, writeUnits: write, windowSeconds: WINDOW_SECONDS };
}
