import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commute, type Footprint } from './footprint.js';
import { type Choice, formatOrder, parseOrder, type Prefix, Schedules, usualChoice } from './schedule.js';

/** Runs operations of so many steps; `waits` says who cannot go after these steps. */
function run(
  prefix: Prefix,
  lengths: readonly number[],
  waits: (done: readonly number[], place: number) => boolean = () => false,
): Choice[] {
  const done = lengths.map(() => 0);
  const choices: Choice[] = [];
  for (;;) {
    const enabled = lengths.flatMap((length, n) => ((done[n] ?? 0) < length && !waits(done, n) ? [n] : []));
    if (enabled.length === 0) return choices;
    const chosen = prefix[choices.length] ?? usualChoice(enabled, choices.at(-1)?.chosen);
    expect(enabled).toContain(chosen);
    done[chosen] = (done[chosen] ?? 0) + 1;
    choices.push({ enabled, chosen });
  }
}

function explored(lengths: readonly number[], max: number, waits?: Parameters<typeof run>[2]): string[] {
  const schedules = new Schedules(max);
  const orders: string[] = [];
  for (let prefix = schedules.next(); prefix; prefix = schedules.next()) {
    const choices = run(prefix, lengths, waits);
    schedules.ran(prefix, choices);
    orders.push(formatOrder(choices.map(({ chosen }) => chosen)));
  }
  return orders;
}

/** Every order there is, made without any cleverness. */
function every(left: readonly number[]): string[] {
  if (left.every((count) => count === 0)) return [''];
  return left.flatMap((count, place) =>
    count === 0
      ? []
      : every(left.map((other, n) => (n === place ? other - 1 : other))).map(
          (rest) => formatOrder([place]) + rest,
        ),
  );
}

function preemptions(order: string): number {
  return [...order].filter(
    (letter, n) => n > 0 && order[n - 1] !== letter && order.includes(order[n - 1]!, n),
  ).length;
}

/** Operations that do so, to rows that are few enough to meet. */
const program = fc
  .array(fc.record({ row: fc.integer({ min: 0, max: 3 }), isWrite: fc.boolean() }), {
    minLength: 2,
    maxLength: 5,
  })
  .map((steps) =>
    steps.map(({ row, isWrite }, n): Footprint => ({
      ...{ items: [`table ${row}`], isWrite },
      ...{ begins: n === 0, ends: n === steps.length - 1 },
    })),
  );

/** What tells orders apart that differ in more than the order of steps that have nothing to do with each other. */
function trace(order: string, programs: readonly (readonly Footprint[])[]): string {
  const done = [0, 0];
  const steps = [...order].map((letter) => {
    const place = parseOrder(letter)[0] as 0 | 1;
    const n = done[place] ?? 0;
    done[place] = n + 1;
    return { place, n };
  });
  return steps
    .flatMap((one, m) =>
      steps.slice(m + 1).flatMap((other) => {
        const [first, second] = [programs[one.place]?.[one.n], programs[other.place]?.[other.n]];
        const isFixed = one.place === other.place || (first && second && commute(first, second));
        return isFixed ? [] : [`${one.place}${one.n}<${other.place}${other.n}`];
      }),
    )
    .sort()
    .join();
}

describe('Schedules', () => {
  it.each([
    [[3, 4], 0],
    [[3, 4], 1],
    [[3, 4], 2],
    [[5, 2], 3],
    [[2, 3, 2], 2],
    [[3, 3, 2], Infinity],
    [[4, 4], Infinity],
    [[1, 1, 1], 0],
  ])('has every order of %j steps with at most %d preemptions, once', (lengths, max) => {
    const orders = explored(lengths, max);
    expect(new Set(orders).size).toBe(orders.length);
    expect(orders.sort()).toEqual(
      every(lengths)
        .filter((order) => preemptions(order) <= max)
        .sort(),
    );
  });

  it('counts no preemption where an operation waits for another one', () => {
    // The first one cannot make its second step before the other one has made its first.
    const waits = (done: readonly number[], place: number) => place === 0 && done[0] === 1 && done[1] === 0;
    expect(explored([2, 2], 0, waits).sort()).toEqual(['abba', 'bbaa']);
  });

  it.each([1, 2, 3])('leaves out nothing but what comes about otherwise, with %d preemptions', (max) => {
    fc.assert(
      fc.property(program, program, (...programs) => {
        const schedules = new Schedules(max, commute);
        const found = new Set<string>();
        for (let prefix = schedules.next(); prefix; prefix = schedules.next()) {
          const done = [0, 0];
          const choices = run(
            prefix,
            programs.map(({ length }) => length),
          ).map((choice) => {
            const place = choice.chosen as 0 | 1;
            const n = done[place] ?? 0;
            done[place] = n + 1;
            return { ...choice, step: programs[place][n] as Footprint };
          });
          schedules.ran(prefix, choices);
          found.add(trace(formatOrder(choices.map(({ chosen }) => chosen)), programs));
        }
        const lengths = programs.map(({ length }) => length);
        const wanted = every(lengths).filter((order) => preemptions(order) <= max);
        expect(wanted.filter((order) => !found.has(trace(order, programs)))).toEqual([]);
      }),
    );
  });

  it('leaves out most where little is shared', () => {
    const step = (item: string): Footprint => ({ items: [item], isWrite: true, begins: false, ends: false });
    const schedules = new Schedules(2, commute);
    let runs = 0;
    for (let prefix = schedules.next(); prefix; prefix = schedules.next()) {
      runs++;
      const choices = run(prefix, [4, 4]).map((choice) => ({
        ...choice,
        step: step(`table ${choice.chosen}`),
      }));
      schedules.ran(prefix, choices);
    }
    expect(runs).toBe(1);
    expect(schedules.leftOut).toBeGreaterThan(0);
  });

  it('reads the orders that it prints', () => {
    expect(formatOrder([0, 0, 2, 1])).toBe('aacb');
    expect(parseOrder('aacb')).toEqual([0, 0, 2, 1]);
  });
});
