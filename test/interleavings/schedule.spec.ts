import { describe, expect, it } from '@jest/globals';
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

  it('reads the orders that it prints', () => {
    expect(formatOrder([0, 0, 2, 1])).toBe('aacb');
    expect(parseOrder('aacb')).toEqual([0, 0, 2, 1]);
  });
});
