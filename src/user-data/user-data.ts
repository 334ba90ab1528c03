import { DiscoveryService } from '@nestjs/core';
import type { Caller } from '../common/http/caller.decorator.js';
import type { TableKey } from '../config/table-names.js';

/**
 * The steps in which a user's data is removed. Objects go before the records that tell of them, so that a deletion which
 * stops is found again; sign-ins go last, so that its owner can send the request again.
 */
export const REMOVAL_STEPS = ['objects', 'records', 'sign-ins'] as const;

export type RemovalStep = (typeof REMOVAL_STEPS)[number];

export interface UserDataOptions {
  /** Its name in the receipt of a deletion and in an export: `audio_files`. */
  readonly name: string;
  readonly step: RemovalStep;
  /** Tables in which it keeps rows of users; a test fails where a table of users' rows has nobody. */
  readonly tables: readonly TableKey[];
}

/** How the data is removed. */
export interface Removal {
  /** Id of the session that goes on, of a user who is deleting the account right now. */
  readonly except?: string;
  /** Is told how many went with each page; throws where the request has lasted too long. */
  readonly onRemoved: (count: number) => void;
}

/** What a module holds of users. See {@link HoldsUserData}. */
export interface UserData {
  /**
   * Removes everything of a user, page by page. It is called twice when an account is deleted, and again when the account is
   * swept 20 minutes later, so that it has to succeed where nothing is left. `SignInGuard` lets no request write for an
   * account that is closed; what one had begun before is what the later calls are for.
   *
   * @throws UnavailableError where something could not be removed now
   */
  removeAll(userId: string, removal: Removal): Promise<void>;

  /**
   * What an export tells of it, in pages, each element as it stands in the JSON document; only one page is in memory at a
   * time. Absent where an export says nothing of it.
   */
  exportPages?(caller: Caller): AsyncIterable<readonly object[]>;
}

/**
 * Declares a provider, a {@link UserData}, as what holds data of users: deletion, sweep and export of accounts find it in
 * whatever module it is.
 *
 * @example
 * ```ts
 * @HoldsUserData({ name: 'notes', step: 'records', tables: ['notes'] })
 * export class NotesUserData implements UserData { … }
 * ```
 */
export const HoldsUserData = DiscoveryService.createDecorator<UserDataOptions>();
