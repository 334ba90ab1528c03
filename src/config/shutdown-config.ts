import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

export type ShutdownConfig = Pick<AppConfig, 'shutdownGraceMs' | 'shutdownDrainMs'>;

/**
 * How a stop goes. By default the longest requests, which go on for 20 s and then end with the step that they are at, end by
 * themselves, and all is over within the 30 s that orchestrators grant by default.
 */
export function readShutdownConfig(env: EnvironmentReader): ShutdownConfig {
  return {
    shutdownGraceMs: env.integer('SHUTDOWN_GRACE_MS', { default: 1000, min: 0, max: 60_000 }),
    shutdownDrainMs: env.integer('SHUTDOWN_DRAIN_MS', { default: 25_000, min: 1000, max: 600_000 }),
  };
}

/** After this a process that was told to stop ends, whatever is still open; milliseconds. */
export function stopLimitMs({ shutdownGraceMs, shutdownDrainMs }: ShutdownConfig): number {
  return shutdownGraceMs + shutdownDrainMs;
}
