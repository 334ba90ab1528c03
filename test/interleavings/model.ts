/** An account, as its owner sees it. */
export interface ModelAccount {
  mailbox: string;
  password: string;
  /** Its deletion has begun. */
  isClosing: boolean;
  /** The idempotency key that it was registered with. */
  key?: string;
}

/** A record, as its owner sees it. */
export interface ModelRecord {
  account: string;
  isReady: boolean;
  title: string | null;
  version: number;
  /** Whether its audio is in S3. */
  hasObject: boolean;
}

/** What the service has promised so far, with names in the place of ids. */
export interface State {
  accounts: Record<string, ModelAccount>;
  /** The account of each sign-in that has not ended. */
  signIns: Record<string, string>;
  /** Tokens of a sign-in by another name. */
  aliases: Record<string, string>;
  /** The account of those that were ended by themselves, not together with all others. */
  endedAlone: Record<string, string>;
  records: Record<string, ModelRecord>;
  /** Names of records that are gone of which there may be audio: uploaded while, or after, they went. */
  leftovers: Record<string, true>;
  /** What an operation keeps from one of its actions to the next, by its name. */
  notes: Record<string, unknown>;
}

/**
 * What an operation does at one moment, as the documentation has it. Changes the state.
 *
 * @returns the answer, where the operation ends with it
 */
export type Action = (state: State) => string | undefined;

/** An operation that was run. */
export interface Performed {
  readonly name: string;
  /** Steps of the run, between which it took place. */
  readonly begin: number;
  readonly end: number;
  /** What was answered; `undefined` where nobody knows, and it may have been done or not, or in part. */
  readonly answer: string | undefined;
  /** Whether it may have been left at any of its actions. */
  readonly isPartial: boolean;
  /** Each of these is right. */
  readonly models: readonly (readonly Action[])[];
}

/**
 * The state that all operations begin with.
 *
 * @param records their names; `stray` is an object without one
 */
export function initialState(records: readonly string[]): State {
  return {
    accounts: { owner: { mailbox: 'own', password: 'usual', isClosing: false } },
    signIns: { first: 'owner', second: 'owner', older: 'owner', ahead: 'owner' },
    ...{ aliases: {}, endedAlone: {}, notes: {} },
    leftovers: records.includes('stray') ? { stray: true } : {},
    records: Object.fromEntries(
      records
        .filter((name) => name !== 'stray')
        .map((name) => [
          name,
          {
            account: 'owner',
            isReady: name === 'plain' || name === 'kept',
            title: null,
            version: name === 'kept' ? 1 : 0,
            hasObject: name === 'kept' || name === 'uploaded',
          },
        ]),
    ),
  };
}

interface Progress {
  readonly performed: Performed;
  readonly model: readonly Action[];
  readonly done: number;
  readonly isOver: boolean;
}

/**
 * Whether some order of the actions explains every answer and what there is in the end: an operation that began after
 * another one had ended comes after it, and those that overlapped take place in either order, action by action.
 *
 * @param differences what there is in the end compared with a state; empty where they agree
 * @returns empty where an order explains all; otherwise why the best one does not
 */
export function unexplained(
  start: State,
  operations: readonly Performed[],
  differences: (state: State) => string[],
): string[] {
  let best: string[] | undefined;
  const consider = (faults: string[]) => {
    if (best === undefined || faults.length < best.length) best = faults;
  };
  const search = (state: State, progress: readonly Progress[], faults: string[]): void => {
    if (best !== undefined && (best.length === 0 || faults.length >= best.length)) return;
    if (progress.every(({ isOver }) => isOver)) {
      consider([...faults, ...differences(state)]);
      return;
    }
    for (const [n, current] of progress.entries()) {
      if (current.isOver || !mayGo(progress, current)) continue;
      const next = (change: Partial<Progress>, now: State, more: string[] = []) =>
        search(
          now,
          progress.map((other, m) => (m === n ? { ...other, ...change } : other)),
          [...faults, ...more],
        );
      if (current.performed.isPartial) next({ isOver: true }, state);
      const changed = structuredClone(state);
      const action = current.model[current.done];
      const answer = action?.(changed);
      const done = current.done + 1;
      const isOver = answer !== undefined || done >= current.model.length;
      next({ done, isOver }, changed, answer === undefined ? [] : contradiction(current.performed, answer));
    }
  };
  for (const models of combinations(operations.map(({ models: all }) => all))) {
    search(
      start,
      operations.map((performed, n) => ({ performed, model: models[n] ?? [], done: 0, isOver: false })),
      [],
    );
  }
  return best ?? [];
}

/** Not before those that had ended when it began. */
function mayGo(progress: readonly Progress[], { performed }: Progress): boolean {
  return progress.every((other) => other.isOver || other.performed.end >= performed.begin);
}

function contradiction({ name, answer }: Performed, expected: string): string[] {
  return answer === undefined || answer === expected
    ? []
    : [`${name} answered ${answer} and should have answered ${expected}`];
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>(
    (chosen, list) => chosen.flatMap((before) => list.map((item) => [...before, item])),
    [[]],
  );
}
