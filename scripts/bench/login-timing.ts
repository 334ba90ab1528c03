import { randomUUID } from 'node:crypto';
import type { Fixtures } from './fixtures.js';

/** A kind of failed login, and the response times; milliseconds. */
export interface FailedLogins {
  readonly title: string;
  readonly latencies: readonly number[];
}

export interface TimingResult {
  readonly unknownEmail: FailedLogins;
  readonly wrongPassword: FailedLogins;
  /** For an account that has not signed in since the older backend created its hash. */
  readonly olderHash: FailedLogins;
  /** Responses other than 401. */
  readonly unexpected: number;
}

type Account = Pick<Fixtures, 'email'>;

const ATTEMPTS = 300;
/** For information: their hashes take several times as long. */
const OLDER_ATTEMPTS = 50;
const WARM_UP = 20;

/** Sends failing logins one after another, in random order of their kinds, so that only the kind differs. */
export async function measureLoginTiming(
  url: string,
  account: Account,
  olderAccount: Account,
): Promise<TimingResult> {
  const kind = (title: string, count: number, email: () => string) => ({
    ...{ title, count, email },
    latencies: [] as number[],
  });
  const unknownEmail = kind('unknown email', ATTEMPTS, () => `${randomUUID()}@example.com`);
  const wrongPassword = kind('wrong password', ATTEMPTS, () => account.email);
  const olderHash = kind('wrong password, older hash', OLDER_ATTEMPTS, () => olderAccount.email);
  const kinds = [unknownEmail, wrongPassword, olderHash];
  let unexpected = 0;
  for (const { email } of kinds) {
    for (let n = 0; n < WARM_UP; n++) await failToLogIn(url, email());
  }
  const order = kinds.flatMap((one) => Array.from({ length: one.count }, () => one));
  for (const { email, latencies } of shuffled(order)) {
    const { status, milliseconds } = await failToLogIn(url, email());
    if (status === 401) latencies.push(milliseconds);
    else unexpected++;
  }
  return { unknownEmail, wrongPassword, olderHash, unexpected };
}

/**
 * How well two kinds of responses can be distinguished by their time: the probability that one of `a` took longer than
 * one of `b`, ties counted half (Mann–Whitney U ÷ pairs, the area under the ROC curve). 0.5 means not at all.
 */
export function areaUnderCurve(a: readonly number[], b: readonly number[]): number {
  const wins = a.reduce((sum, x) => sum + b.reduce((n, y) => n + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0);
  return wins / (a.length * b.length);
}

async function failToLogIn(url: string, email: string): Promise<{ status: number; milliseconds: number }> {
  const body = JSON.stringify({ email, password: 'not the password' });
  const started = performance.now();
  const response = await fetch(`${url}/api/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return { status: response.status, milliseconds: performance.now() - started };
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
