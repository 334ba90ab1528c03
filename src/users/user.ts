/**
 * What of an account decides about its tokens. The account counts a generation, which a password change, "end all
 * others" and deletion raise by one, in one write. Sessions remember the generation that their login read, so those of
 * an earlier one are over at once, however many there are, without a clock, and also where a login and a password
 * change race each other.
 */
export interface AccountState {
  readonly userId: string;
  readonly generation: number;
  /** The one sign-in that outlived the last raise, as `signInReference` names it. */
  readonly keptSignIn: string | undefined;
  /** Tokens without a session must not have been issued before; Unix seconds. */
  readonly tokensValidFrom: number;
  /**
   * When its deletion began; Unix seconds. From then on nothing is added to it any more, and nothing takes that back.
   */
  readonly closingAt?: number | undefined;
}

/** An account. */
export interface User extends AccountState {
  /** As it is stored: in the canonical form, or by the older rule; see `Email`. */
  readonly email: string;
  /** Argon2 in PHC string format. */
  readonly passwordHash: string;
  /** 32 random bytes that the client derives its encryption key with. */
  readonly keySalt: Buffer;
  /** Unix seconds. */
  readonly createdAt: number;
  /** SHA-256 of the idempotency key of the registration, base64url; `undefined` where it had none. */
  readonly registrationKey?: string | undefined;
}

/** An account that is being made. */
export type NewUser = Omit<User, Exclude<keyof AccountState, 'userId'>>;

/** How a change of the password ended. */
export type PasswordChange =
  | { readonly outcome: 'changed'; readonly account: User }
  /** The sign-in that the change rests on has ended. */
  | { readonly outcome: 'sign-in-ended' }
  /** The hash was no longer the one that the current password was compared with; this is the one there is. */
  | { readonly outcome: 'other-hash'; readonly passwordHash: string };
