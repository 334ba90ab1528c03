import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { hasBody } from '../bodies/body-limit.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onAnswered } from '../connections/on-finished.js';

/** Interval at which the event loop delay is read. */
const INTERVAL_MS = 250;
/** Resolution of the measurement. It counts as delay. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e6;

/** Never refused: an orchestrator that gets no answer would end a process that is only busy. */
const ALWAYS_SERVED = '/api/health';

export interface OverloadLimits {
  /** Mean event loop delay above which requests are refused; 0 for never. Milliseconds. */
  readonly maxLagMs: number;
  /** Maximum of concurrent requests; 0 for no maximum. */
  readonly maxInFlight: number;
}

/** Whether a request is for health, which is never refused. */
export function isForHealth({ path }: Pick<Request, 'path'>): boolean {
  return path === ALWAYS_SERVED || path.startsWith(`${ALWAYS_SERVED}/`);
}

/**
 * Refuses requests with 503 while the process is overloaded. A quick refusal costs little, and accepted requests are
 * answered in time. Health checks are never refused. A request takes a slot when its body is complete: a slow body
 * would keep the slot from others.
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
      // Blocks before the first measurement come from the start of the service.
      const sinceMs = now - (lookedAt ?? now);
      lookedAt = now;
      const mean = this.delays.mean / NANOSECONDS - RESOLUTION_MS;
      // If the measurement itself is late by a whole interval, the mean may not contain the block yet.
      const blockedMs = sinceMs > 2 * INTERVAL_MS ? sinceMs - INTERVAL_MS : 0;
      // Without a single sample the mean is NaN: the loop was blocked the whole time.
      this.lagMs = Number.isNaN(mean) ? sinceMs : Math.max(mean, blockedMs);
      this.delays.reset();
    }, INTERVAL_MS).unref();
  }

  /** Stops the measurement. */
  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.delays.disable();
  }

  /** Express middleware before everything that costs CPU, including the body parser. */
  readonly turnAway = (request: Request, response: Response, next: NextFunction): void => {
    if (isForHealth(request) || !this.isOverloaded()) {
      next();
      return;
    }
    if (hasBody(request)) closeWithAnswer(request, response);
    next(new UnavailableError('The service is busy', 1));
  };

  /** Express middleware after the body parser: gives the request a slot. */
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
    // The slot is kept until the client has the answer: a client that reads nothing would otherwise take the slots of
    // others.
    onAnswered(request, response, () => this.inFlight--);
    next();
  };

  private isOverloaded(): boolean {
    const { maxLagMs, maxInFlight } = this.limits;
    return (maxLagMs > 0 && this.lagMs > maxLagMs) || (maxInFlight > 0 && this.inFlight >= maxInFlight);
  }
}
