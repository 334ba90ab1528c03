/** One point of a run: who could go, and who went. Operations are known by their place in the scenario. */
export interface Choice {
  /** Those that could go, in ascending order. */
  readonly enabled: readonly number[];
  readonly chosen: number;
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

/**
 * All orders with at most so many preemptions, each once. A preemption takes the turn from an operation that could go on;
 * that another one goes when one has finished, or waits for something, is none.
 *
 * Nothing is known of an operation before it is run. So a run is made, what could have gone at each of its points becomes
 * more orders, and those are run in turn (stateless search with a bound on preemptions, as in CHESS, Musuvathi and Qadeer
 * 2007).
 */
export class Schedules {
  private readonly open: Prefix[] = [[]];

  /** @param maxPreemptions `Infinity` for all orders there are */
  constructor(private readonly maxPreemptions: number) {}

  /** An order that was not run yet; `undefined` where there is none now. Runs under way may add some. */
  next(): Prefix | undefined {
    return this.open.pop();
  }

  /**
   * Takes note of a run.
   *
   * @param prefix as {@link next} gave it
   * @param choices what became of it
   */
  ran(prefix: Prefix, choices: readonly Choice[]): void {
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
            this.open.push([...taken.slice(0, n), other]);
          }
        }
      }
      if (couldGoOn && chosen !== previous) preemptions++;
    }
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
