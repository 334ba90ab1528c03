import { readlink } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux leads each thread that asks to its own entry. */
const OWN_ENTRY = '/proc/thread-self';
/** A round is answered by those threads that happen to be free first. */
const ROUNDS = 50;
const PAUSE_MS = 2;

/**
 * Lets the threads of libuv's pool, which is where hashes are computed, give way to the event loop: where there is too
 * little processor for both, a sign-in waits rather than every other request. A process may always lower priorities.
 * Both packages for Argon2 use the pool (seen in `/proc/self/task`, with 20 hashes four at once: all the work was done by its four
 * threads, and there were no others). For the lanes of older hashes (p=4) both start threads of their own.
 *
 * @param threads size of the pool
 * @param niceness 0 for the same as everything else, up to 19 for only what nobody else wants
 * @returns how many threads it reached; 0 on systems other than Linux, which have no priority of single threads
 */
export async function lowerPoolPriority(threads: number, niceness: number): Promise<number> {
  const found = new Set<number>();
  for (let round = 0; round < ROUNDS && found.size < threads; round++) {
    // Asked from the pool, as all of `fs/promises` is: the answers name its threads.
    const entries = await Promise.all(Array.from({ length: 4 * threads }, ownEntry));
    for (const entry of entries) {
      if (entry === undefined) return 0;
      found.add(Number(basename(entry)));
    }
    if (round > 0) await sleep(PAUSE_MS);
  }
  for (const thread of found) {
    // A process may always give way more, and only a privileged one less.
    if (getPriority(thread) < niceness) setPriority(thread, niceness);
  }
  return found.size;
}

async function ownEntry(): Promise<string | undefined> {
  return readlink(OWN_ENTRY).catch(() => undefined);
}
