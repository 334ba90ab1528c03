import cluster, { type Worker } from 'node:cluster';
import type { Logger } from './common/logging/logger.js';

const BEAT = 'heartbeat';
const BEAT_MS = 1_000;
/** A worker that says nothing for so long serves nobody any more, and does not come back. Milliseconds. */
const SILENCE_MS = 15_000;
/** The same for one that has not said anything yet: loading the service takes longer where there is little CPU. */
const START_MS = 60_000;

/** Lets the parent know that the event loop of this worker turns. */
export function sendHeartbeats(): void {
  const beat = () => {
    // The callback keeps an error of a parent that has gone from becoming one of this process.
    if (process.connected) process.send?.({ type: BEAT }, undefined, undefined, () => undefined);
  };
  beat();
  setInterval(beat, BEAT_MS).unref();
}

/**
 * Kills workers whose event loop has stopped turning, since they keep connections that they never answer. Each is replaced
 * as if it had ended by itself.
 */
export function killSilentWorkers(logger: Logger): void {
  /** Until when each worker has to be heard of; milliseconds of `performance.now()`. */
  const deadlines = new Map<number, number>();
  cluster.on('fork', ({ id }) => deadlines.set(id, performance.now() + START_MS));
  cluster.on('exit', ({ id }) => deadlines.delete(id));
  cluster.on('message', ({ id }, message: { type?: unknown }) => {
    if (message.type === BEAT) deadlines.set(id, performance.now() + SILENCE_MS);
  });
  let checkedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    const missed = now - checkedAt - BEAT_MS;
    checkedAt = now;
    // This process has not listened for a while, as when all were paused together.
    if (missed > BEAT_MS) for (const [id, at] of deadlines) deadlines.set(id, at + missed);
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker && (deadlines.get(worker.id) ?? Infinity) < now) kill(worker, logger);
    }
  }, BEAT_MS).unref();

  function kill(worker: Worker, to: Logger): void {
    deadlines.delete(worker.id);
    to.error({ worker: worker.process.pid }, 'a worker does not respond; killing it');
    worker.process.kill('SIGKILL');
  }
}
