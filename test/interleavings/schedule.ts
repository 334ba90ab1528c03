import type { Footprint } from './footprint.js';

/** One point of a run: who could go, and who went. Operations are known by their place in the scenario. */
export interface Choice {
  /** Those that could go, in ascending order. */
  readonly enabled: readonly number[];
  readonly chosen: number;
  /** What the step had to do with. */
  readonly step?: Footprint;
}

/** An order to be run: it is followed as far as it goes, and {@link usualChoice} finishes it. */
export type Prefix = readonly number[];

/**
 * Who goes where nothing is prescribed: whoever went last, as long as it can, and then the first that can. So a run that
 * is not told otherwise has no preemption.
 */
export function usualChoice(enabled: readonly number[], previous: number | undefined): number {
  if (previous !== undefined && enabled.includes(previous)) return previous;
  if (enabled[0] === undefined) throw new Error('Nobody can go');
  return enabled[0];
}

/** A prefix that was not run yet, and the run that it branches off from. */
interface Branch {
  readonly prefix: Prefix;
  /** The choices of that run. */
  readonly from: readonly Choice[];
}

/**
 * All orders with at most so many preemptions, each once. A preemption takes the turn from an operation that could go on;
 * that another one goes when one has finished, or waits for something, is none.
 *
 * Nothing is known of an operation before it is run. So a run is made, what could have gone at each of its points becomes
 * more orders, and those are run in turn (stateless search with a bound on preemptions, as in CHESS, Musuvathi and Qadeer
 * 2007).
 *
 * Of two operations an order is left out where a step later the same comes about: the step before which the turn would be
 * taken has nothing to do with any that would go first, so that it may as well go before them. What branches off from
 * the one left out is, by the same exchange, equal to what branches off from the other, with as many preemptions or fewer.
 */
export class Schedules {
  private readonly open: Branch[] = [{ prefix: [], from: [] }];
  /** What became of prefixes: the choices of a run, or nothing yet. */
  private readonly runs = new Map<string, readonly Choice[] | undefined>();
  private left = 0;

  /**
   * @param maxPreemptions `Infinity` for all orders there are
   * @param commute whether steps may be exchanged; without it no order is left out
   */
  constructor(
    private readonly maxPreemptions: number,
    private readonly commute?: (one: Footprint, other: Footprint) => boolean,
  ) {}

  /** How many orders were left out, not counting those that would have branched off from them. */
  get leftOut(): number {
    return this.left;
  }

  /** An order that was not run yet; `undefined` where there is none now. Runs under way may add some. */
  next(): Prefix | undefined {
    for (let n = this.open.length - 1; n >= 0; n--) {
      const branch = this.open[n] as Branch;
      const later = this.aStepLater(branch);
      // What it may be equal to is being run.
      if (later === 'under way') continue;
      this.open.splice(n, 1);
      if (later && this.isEqual(branch, later)) {
        this.left++;
        this.runs.set(formatOrder(branch.prefix), later.toSpliced(branch.prefix.length - 1, 1));
        continue;
      }
      this.runs.set(formatOrder(branch.prefix), undefined);
      return branch.prefix;
    }
    return undefined;
  }

  /**
   * Takes note of a run.
   *
   * @param prefix as {@link next} gave it
   * @param choices what became of it
   */
  ran(prefix: Prefix, choices: readonly Choice[]): void {
    this.runs.set(formatOrder(prefix), choices);
    const taken = choices.map(({ chosen }) => chosen);
    let preemptions = 0;
    for (const [n, { enabled, chosen }] of choices.entries()) {
      const previous = taken[n - 1];
      const couldGoOn = previous !== undefined && enabled.includes(previous);
      // What differs before the end of the prefix was added when the prefix was.
      if (n >= prefix.length) {
        for (const other of enabled) {
          const cost = couldGoOn && other !== previous ? 1 : 0;
          if (other !== chosen && preemptions + cost <= this.maxPreemptions) {
            this.open.push({ prefix: [...taken.slice(0, n), other], from: choices });
          }
        }
      }
      if (couldGoOn && chosen !== previous) preemptions++;
    }
  }

  /** Takes note that an order could not be followed, so that no other one is compared with it. */
  gaveUp(prefix: Prefix): void {
    this.runs.delete(formatOrder(prefix));
  }

  /** The run in which the turn is taken one step later; `undefined` where there is none. */
  private aStepLater({ prefix, from }: Branch): readonly Choice[] | 'under way' | undefined {
    const n = prefix.length - 1;
    if (!this.commute || n < 0) return undefined;
    // Where the other one goes next in any case, that is the run itself.
    if (from[n + 1]?.chosen === prefix[n]) return from;
    const key = formatOrder([...prefix.slice(0, n), from[n]?.chosen ?? 0, prefix[n] ?? 0]);
    return this.runs.has(key) ? (this.runs.get(key) ?? 'under way') : undefined;
  }

  private isEqual({ prefix, from }: Branch, later: readonly Choice[]): boolean {
    const n = prefix.length - 1;
    const passed = from[n]?.step;
    const first = later.slice(n + 1);
    const end = first.findIndex(({ chosen }) => chosen !== prefix[n]);
    const going = end === -1 ? first : first.slice(0, end);
    return (
      passed !== undefined &&
      going.length > 0 &&
      going.every(({ step }) => step !== undefined && this.commute?.(passed, step))
    );
  }
}

const FIRST_LETTER = 'a'.charCodeAt(0);

/** The name of an operation by its place: `a`, `b`, `c`. */
export function letterOf(place: number): string {
  return String.fromCharCode(FIRST_LETTER + place);
}

/** An order as it is printed: a letter for each step, `aabba`. */
export function formatOrder(order: Prefix): string {
  return order.map(letterOf).join('');
}

/** The order that {@link formatOrder} printed. */
export function parseOrder(text: string): Prefix {
  return [...text].map((letter) => letter.charCodeAt(0) - FIRST_LETTER);
}
