import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { hasBody } from '../bodies/body-limit.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onAnswered } from '../connections/on-finished.js';

/** How often the delay of the event loop is looked at. */
const INTERVAL_MS = 250;
/** Granularity of the measurement, which counts as delay. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e6;

/** Always answered: an orchestrator that gets no answer would end a process that is only busy. */
const ALWAYS_SERVED = '/api/health';

export interface OverloadLimits {
  /** Mean delay of the event loop from which on requests are turned away; 0 for never. Milliseconds. */
  readonly maxLagMs: number;
  /** Requests worked for at the same time; 0 for any number. */
  readonly maxInFlight: number;
}

/** Whether a request is for health, which is always answered. */
export function isForHealth({ path }: Pick<Request, 'path'>): boolean {
  return path === ALWAYS_SERVED || path.startsWith(`${ALWAYS_SERVED}/`);
}

/**
 * Turns requests away with 503 while the process has more to do than it can: a quick refusal costs little, and what is
 * let in is answered in time. Health is always answered. A request takes its place when all of it is there: one whose body
 * comes in drops would keep it from others.
 */
export class OverloadGuard implements OnApplicationShutdown {
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly timer: NodeJS.Timeout;
  private inFlight = 0;
  private lagMs = 0;

  constructor(private readonly limits: OverloadLimits) {
    this.delays.enable();
    let lookedAt: number | undefined;
    this.timer = setInterval(() => {
      const now = performance.now();
      // What blocks before the first look is the start of the service.
      const sinceMs = now - (lookedAt ?? now);
      lookedAt = now;
      const mean = this.delays.mean / NANOSECONDS - RESOLUTION_MS;
      // A look that is itself late by a whole interval may not have the block in the mean yet.
      const blockedMs = sinceMs > 2 * INTERVAL_MS ? sinceMs - INTERVAL_MS : 0;
      // Without a single measurement the mean is NaN: the loop was blocked all the time.
      this.lagMs = Number.isNaN(mean) ? sinceMs : Math.max(mean, blockedMs);
      this.delays.reset();
    }, INTERVAL_MS).unref();
  }

  /** Stops measuring. */
  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.delays.disable();
  }

  /** For Express, in front of everything that costs, the reading of bodies too. */
  readonly turnAway = (request: Request, response: Response, next: NextFunction): void => {
    if (isForHealth(request) || !this.isOverloaded()) {
      next();
      return;
    }
    if (hasBody(request)) closeWithAnswer(request, response);
    next(new UnavailableError('The service is busy', 1));
  };

  /** For Express, behind the body parser: gives the request its place. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (isForHealth(request)) {
      next();
      return;
    }
    if (this.isOverloaded()) {
      next(new UnavailableError('The service is busy', 1));
      return;
    }
    this.inFlight++;
    // Not until the client has it: one that reads nothing would keep the places of others.
    onAnswered(request, response, () => this.inFlight--);
    next();
  };

  private isOverloaded(): boolean {
    const { maxLagMs, maxInFlight } = this.limits;
    return (maxLagMs > 0 && this.lagMs > maxLagMs) || (maxInFlight > 0 && this.inFlight >= maxInFlight);
  }
}
