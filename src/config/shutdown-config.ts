import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

export type ShutdownConfig = Pick<AppConfig, 'shutdownGraceMs' | 'shutdownDrainMs'>;

/**
 * Configuration of the shutdown. By default the longest requests, which run for 20 s plus their current step, end by
 * themselves, and everything ends within the 30 s that orchestrators grant by default.
 */
export function readShutdownConfig(env: EnvironmentReader): ShutdownConfig {
  return {
    shutdownGraceMs: env.integer('SHUTDOWN_GRACE_MS', { default: 1000, min: 0, max: 60_000 }),
    shutdownDrainMs: env.integer('SHUTDOWN_DRAIN_MS', { default: 25_000, min: 1000, max: 600_000 }),
  };
}

/** Limit after which a stopping process ends, even with open connections; milliseconds. */
export function stopLimitMs({ shutdownGraceMs, shutdownDrainMs }: ShutdownConfig): number {
  return shutdownGraceMs + shutdownDrainMs;
}
