import cluster, { type Worker } from 'node:cluster';
import type { Logger } from './common/logging/logger.js';

const BEAT = 'heartbeat';
const BEAT_MS = 1_000;
/** A worker without a heartbeat for this time serves no requests and does not recover. Milliseconds. */
const SILENCE_MS = 15_000;
/** The same before the first heartbeat: loading the service takes longer with little CPU. Milliseconds. */
const START_MS = 60_000;

/** Sends heartbeats to the parent while the event loop of this worker runs. */
export function sendHeartbeats(): void {
  const beat = () => {
    // The callback prevents that an error of an ended parent becomes one of this process.
    if (process.connected) process.send?.({ type: BEAT }, undefined, undefined, () => undefined);
  };
  beat();
  setInterval(beat, BEAT_MS).unref();
}

/**
 * Kills workers whose event loop is blocked, because they keep connections that they never answer. Each is replaced as
 * if it had ended by itself.
 */
export function killSilentWorkers(logger: Logger): void {
  /** Deadline for the next heartbeat of each worker; milliseconds of `performance.now()`. */
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
    // This process was blocked itself, for example because all were paused together.
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
