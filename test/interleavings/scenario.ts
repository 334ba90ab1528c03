import type { Item, Operation } from './operations/operation.js';
import type { Need } from './world.js';

/** Which of the two instances serves an operation. */
export type Place = 0 | 1;

/**
 * What goes wrong, besides the order:
 *
 * - `plain`: nothing;
 * - `stop`: the process that serves an operation ends after one of its calls, and the client repeats on the other one;
 * - `lost`: the answer to an operation is lost, and the client repeats on the other instance;
 * - `stale-index`: indexes answer from before the last write.
 */
export type Variant =
  | { readonly kind: 'plain' | 'stale-index' }
  | { readonly kind: 'lost'; readonly operation: number }
  | { readonly kind: 'stop'; readonly operation: number; readonly calls: number };

/** Operations that are run together, each on one of the instances. */
export interface Scenario {
  readonly operations: readonly Operation[];
  readonly places: readonly Place[];
}

/** `renew by older @1, change password by first @2` */
export function titleOf({ operations, places }: Scenario): string {
  return operations.map(({ title }, n) => `${title} @${(places[n] ?? 0) + 1}`).join(', ');
}

/** `plain`, `stop a 2`, `lost b`, `stale-index` */
export function variantName(variant: Variant): string {
  if (variant.kind === 'stop') return `stop ${'abc'[variant.operation]} ${variant.calls}`;
  if (variant.kind === 'lost') return `lost ${'abc'[variant.operation]}`;
  return variant.kind;
}

/** The variant that {@link variantName} named. */
export function parseVariant(text: string): Variant {
  const [kind = '', letter = '', calls = ''] = text.split(' ');
  const operation = 'abc'.indexOf(letter);
  if (kind === 'stop') return { kind, operation, calls: Number(calls) };
  if (kind === 'lost') return { kind, operation };
  if (kind === 'plain' || kind === 'stale-index') return { kind };
  throw new Error(`There is no variant ${text}`);
}

/** What there has to be before a run. */
export function needsOf({ operations }: Scenario): Set<Need> {
  return new Set(operations.flatMap(({ needs = [] }) => needs));
}

/** Whether two operations have something in common. Objects have the same one only where records do. */
export function meet(one: Operation, other: Operation): boolean {
  return one.touches.some((item: Item) => item !== 'objects' && other.touches.includes(item));
}

/** All pairs of operations that have something in common, an operation with itself among them. */
export function pairsOf(operations: readonly Operation[]): [Operation, Operation][] {
  return operations.flatMap((one, n) =>
    operations
      .slice(n)
      .flatMap((other): [Operation, Operation][] => (meet(one, other) ? [[one, other]] : [])),
  );
}
