import { DiscoveryService } from '@nestjs/core';
import type { Caller } from '../common/http/caller.decorator.js';
import type { TableKey } from '../config/table-names.js';

/**
 * The steps in which a user's data is removed. Objects are removed before their records, so that an interrupted
 * deletion finds them again. Sign-ins are removed last, so that the owner can repeat the request.
 */
export const REMOVAL_STEPS = ['objects', 'records', 'sign-ins'] as const;

export type RemovalStep = (typeof REMOVAL_STEPS)[number];

export interface UserDataOptions {
  /** Its name in the receipt of a deletion and in an export, for example `audio_files`. */
  readonly name: string;
  readonly step: RemovalStep;
  /** Tables in which it stores rows of users. A test fails if nobody declares a table with rows of users. */
  readonly tables: readonly TableKey[];
}

/** Parameters of a removal. */
export interface Removal {
  /** Id of the session to keep, for a user who is deleting the account now. */
  readonly except?: string;
  /** Called after each page with the number of removed items. Throws if the request has taken too long. */
  readonly onRemoved: (count: number) => void;
}

/** The data of users in a module. See {@link HoldsUserData}. */
export interface UserData {
  /**
   * Removes all data of a user, page by page. It is called twice when an account is deleted, and again when the account
   * is swept 20 minutes later. It must succeed if nothing is left. `SignInGuard` refuses writes for a closed account.
   * The later calls remove what requests that had begun before have written.
   *
   * @throws UnavailableError if something could not be removed now
   */
  removeAll(userId: string, removal: Removal): Promise<void>;

  /**
   * The data for an export, in pages, each element as in the JSON document. Only one page is in memory at a time.
   * Absent if the data is not exported.
   */
  exportPages?(caller: Caller): AsyncIterable<readonly object[]>;
}

/**
 * Declares a {@link UserData} provider. Deletion, sweep and export of accounts find it in any module.
 *
 * @example
 * ```ts
 * @HoldsUserData({ name: 'notes', step: 'records', tables: ['notes'] })
 * export class NotesUserData implements UserData { … }
 * ```
 */
export const HoldsUserData = DiscoveryService.createDecorator<UserDataOptions>();
