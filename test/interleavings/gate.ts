import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentRequest } from '../../src/common/request-context.js';
import { type Footprint, itemsOf, type KeyedTable } from './footprint.js';

/** An operation that neither comes to a call nor ends for so long waits for another one. Milliseconds. */
const WAITING_MS = 3000;

const NOTHING: Footprint = { items: [], isWrite: false, begins: false, ends: false };

/** What happens where an operation is scheduled: a call to the database or the object store, or one of the client. */
export interface Call {
  /** `get`, `HeadObject`, `request`, … */
  readonly name: string;
  readonly isWrite: boolean;
  readonly input: DatabaseInput;
  /** Only of calls to the database. */
  readonly database?: {
    /** Makes a query that is not held. */
    readonly query: DatabaseMethod;
  };
}

/** In the words of DynamoDB or S3. */
export type DatabaseInput = Record<string, unknown>;

/** A call of `Database`, as it is looked at here. */
export type DatabaseMethod = (input: DatabaseInput) => Promise<Record<string, unknown>>;

/** A call that was let through. */
export interface MadeCall {
  readonly name: string;
  readonly isWrite: boolean;
  readonly succeeded: boolean;
}

/** The process that served the operation has ended. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor() {
    super('The process has ended');
  }
}

/** A call that came by the gate. */
export interface PassingCall extends Call {
  /** What it touches; see `Footprint`. */
  readonly items: readonly string[];
}

/** What a call passes besides the gate, for variants that change answers. */
export type Around = <T>(call: Call, make: () => Promise<T>) => Promise<T>;

/**
 * One operation of a run, held at each of its calls until it is let go. Calls that it makes at the same time go one by one,
 * in the order in which they came: a released call ends, with all that follows from it in the process, before another one
 * goes.
 */
export class Actor {
  readonly made: MadeCall[] = [];
  private readonly held: (() => void)[] = [];
  private isRunning = false;
  private isOver = false;
  private stopsAfter = Infinity;
  private stopped = false;
  private footprint: Footprint = NOTHING;
  private changed = () => undefined as void;

  constructor(private readonly around: Around = (_call, make) => make()) {}

  /** Whether it can go. */
  get canGo(): boolean {
    return this.held.length > 0 && !this.isRunning;
  }

  get over(): boolean {
    return this.isOver;
  }

  /** Whether a call failed because the process had ended. */
  get wasStopped(): boolean {
    return this.stopped;
  }

  /** Has every call after the next so many fail, as if the process had ended. `Infinity` for another process. */
  stopAfter(calls: number): void {
    this.stopsAfter = calls;
  }

  /** Holds a call, and makes it when it is let go. What comes after the operation has ended is not held. */
  async pass<T>(call: PassingCall, make: () => Promise<T>): Promise<T> {
    if (this.isOver) return make();
    if (this.stopsAfter <= 0) throw this.stop();
    await new Promise<void>((resolve) => {
      this.held.push(resolve);
      this.changed();
    });
    // One of several at the same time may have been the last.
    if (this.stopsAfter <= 0) {
      this.ended();
      throw this.stop();
    }
    this.footprint = { ...NOTHING, items: call.items, isWrite: call.isWrite };
    let succeeded = false;
    try {
      const answer = await this.around(call, make);
      succeeded = true;
      return answer;
    } finally {
      this.made.push({ name: call.name, isWrite: call.isWrite, succeeded });
      this.stopsAfter--;
      this.ended();
    }
  }

  /**
   * Holds the client before it sends something. Cannot be where a process stops.
   *
   * @param items what it writes to by itself
   */
  async point(items: readonly string[] = []): Promise<void> {
    await new Promise<void>((resolve) => {
      this.held.push(resolve);
      this.changed();
    });
    this.footprint = { items, isWrite: items.length > 0, begins: true, ends: false };
    this.ended();
  }

  /** The operation has ended. */
  end(): void {
    this.isOver = true;
    for (const release of this.held.splice(0)) release();
    this.changed();
  }

  /**
   * Lets the next call go, and waits until the operation is held again, has ended, or waits for another one.
   *
   * @returns what the step had to do with
   */
  async step(): Promise<Footprint> {
    this.isRunning = true;
    this.footprint = NOTHING;
    this.held.shift()?.();
    await this.settled();
    return { ...this.footprint, ends: this.isOver };
  }

  /** Waits until the operation is held, has ended, or, after seconds without either, waits for another one. */
  async settled(): Promise<void> {
    const deadline = performance.now() + WAITING_MS;
    while (performance.now() < deadline) {
      if (this.isOver || this.canGo) {
        // What was begun at the same time arrives in this turn too.
        await nextTurn();
        if (this.isOver || this.canGo) return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    // It gives up its turn: what comes now of it comes by itself.
    this.isRunning = false;
  }

  private stop(): StoppedError {
    this.stopped = true;
    return new StoppedError();
  }

  private ended(): void {
    this.isRunning = false;
    this.changed();
  }
}

/** Where all calls of several instances come by. Which operation one belongs to is told by the id of its request. */
export class Gate {
  private readonly actors = new Map<string, Actor>();

  /** @param tables of the instances */
  constructor(private readonly tables: readonly KeyedTable[]) {}

  /** From now on calls of requests with this id are held by `actor`. */
  add(requestId: string, actor: Actor): void {
    this.actors.set(requestId, actor);
  }

  remove(requestId: string): void {
    this.actors.delete(requestId);
  }

  /** Makes a call, once it may. Those outside of a run are never held. */
  async pass<T>(call: Call, make: () => Promise<T>): Promise<T> {
    const actor = this.actors.get(currentRequest()?.requestId ?? '');
    return actor ? actor.pass({ ...call, items: itemsOf(call.input, this.tables) }, make) : make();
  }
}
