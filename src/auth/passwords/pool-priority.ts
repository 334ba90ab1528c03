import { readlink } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux resolves this path to the entry of the thread that opens it. */
const OWN_ENTRY = '/proc/thread-self';
/** The threads that happen to be free answer a round first. */
const ROUNDS = 50;
const PAUSE_MS = 2;

/**
 * Lowers the priority of the threads of libuv's pool, where hashes are computed, below the event loop: if the CPU is
 * short, a sign-in waits and not every other request. An unprivileged process may lower priorities. Both Argon2
 * packages use the pool (verified in `/proc/self/task` with 20 hashes, four at a time: its four threads did all the
 * work, and there were no others). For hashes of the older backend with several lanes (p=4) both start additional
 * threads.
 *
 * @param threads size of the pool
 * @param niceness from 0, normal priority, to 19, the lowest priority
 * @returns number of threads that were changed; 0 on systems other than Linux, which have no priority of single threads
 */
export async function lowerPoolPriority(threads: number, niceness: number): Promise<number> {
  const found = new Set<number>();
  for (let round = 0; round < ROUNDS && found.size < threads; round++) {
    // Like all of `fs/promises`, these calls run in the pool: the results name its threads.
    const entries = await Promise.all(Array.from({ length: 4 * threads }, ownEntry));
    for (const entry of entries) {
      if (entry === undefined) return 0;
      found.add(Number(basename(entry)));
    }
    if (round > 0) await sleep(PAUSE_MS);
  }
  for (const thread of found) {
    // Only a privileged process may raise a priority.
    if (getPriority(thread) < niceness) setPriority(thread, niceness);
  }
  return found.size;
}

async function ownEntry(): Promise<string | undefined> {
  return readlink(OWN_ENTRY).catch(() => undefined);
}
