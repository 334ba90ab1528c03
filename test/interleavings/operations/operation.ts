import type { Commands } from '../commands.js';
import type { Fleet } from '../fleet.js';
import type { Action, ModelAccount, State } from '../model.js';
import type { Client } from '../client.js';
import type { Need, RecordName, World } from '../world.js';

/** What several operations may have in common. */
export type Item = 'sign-ins' | 'account' | 'mailbox' | 'objects' | `record ${RecordName}` | `key ${string}`;

/** What an operation knows while it is run. */
export interface OperationContext {
  readonly world: World;
  readonly client: Client;
  /** Its name in this run, and that of what it makes. */
  readonly name: string;
  /** Does what is done by a process of its own, and not over HTTP. */
  readonly runCommand: (work: (commands: Commands) => Promise<unknown>) => Promise<void>;
}

/** Something that a client does, and what the documentation says of it. */
export interface Operation {
  /** `end others by second` */
  readonly title: string;
  readonly touches: readonly Item[];
  readonly needs?: readonly Need[];
  /** Whether an account may be gone by it. */
  readonly closesAccount?: boolean;
  /** The sign-in it is done by. */
  readonly by?: string;
  /** What its client does before the run. */
  prepare?(fleet: Fleet, world: World): Promise<void>;
  /** @returns the answer, in the words of the model */
  perform(context: OperationContext): Promise<string>;
  /** What it does, action by action. Each of several models is right. */
  models(name: string): readonly (readonly Action[])[];
}

/** The account of a sign-in; `undefined` where the sign-in has ended. */
export function accountOf(state: State, signIn: string): ModelAccount | undefined {
  return state.accounts[state.signIns[signIn] ?? ''];
}

/** Who is not signed in gets a 401. */
export function signedIn(by: string): Action {
  return (state) => (accountOf(state, by) ? undefined : '401');
}

/**
 * The account that a write may still change: of a sign-in that has not ended, or that ended alone after it was looked at.
 * What ended it together with all others is in the condition of the write, and what ended it alone is in another row.
 */
export function writable(state: State, signIn: string): string | undefined {
  const name = state.signIns[signIn] ?? state.endedAlone[signIn];
  return name !== undefined && state.accounts[name] ? name : undefined;
}

/** Ends what an account is signed in by, but for one. */
export function endAllBut(state: State, account: string, kept?: string): void {
  for (const [name, owner] of Object.entries(state.signIns)) {
    if (owner === account && name !== kept) delete state.signIns[name];
  }
}

/** Ends one sign-in by itself. */
export function endAlone(state: State, signIn: string): void {
  const account = state.signIns[signIn];
  if (account !== undefined) state.endedAlone[signIn] = account;
  delete state.signIns[signIn];
}

/** One action that differs between the models of an operation: a model for each of the answers allowed. */
export function eitherOf(before: readonly Action[], ...last: readonly Action[]): Action[][] {
  return last.map((action) => [...before, action]);
}
