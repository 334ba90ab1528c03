/**
 * The part of an account that decides about its tokens. An account has a generation, which a password change, "end all
 * other sessions" and deletion increment in one write. Sessions store the generation that their login has read. Those
 * of an earlier one end immediately, whatever their number, without a clock, and also if a login and a password change
 * are concurrent.
 */
export interface AccountState {
  readonly userId: string;
  readonly generation: number;
  /** The one sign-in that was kept at the last increment, as a `signInReference`. */
  readonly keptSignIn: string | undefined;
  /** Tokens without a session that were issued before this time have ended; Unix seconds. */
  readonly tokensValidFrom: number;
  /** When its deletion began; Unix seconds. After that nothing is added to it, and this cannot be undone. */
  readonly closingAt?: number | undefined;
}

/** An account. */
export interface User extends AccountState {
  /** As it is stored: in the canonical form, or by the older rule, see `Email`. */
  readonly email: string;
  /** Argon2 in PHC string format. */
  readonly passwordHash: string;
  /** 32 random bytes from which the client derives its encryption key. */
  readonly keySalt: Buffer;
  /** Unix seconds. */
  readonly createdAt: number;
  /** SHA-256 of the idempotency key of the registration, base64url; `undefined` if it had none. */
  readonly registrationKey?: string | undefined;
}

/** An account to create. */
export type NewUser = Omit<User, Exclude<keyof AccountState, 'userId'>>;

/** The result of a password change. */
export type PasswordChange =
  | { readonly outcome: 'changed'; readonly account: User }
  /** The sign-in of the request has ended. */
  | { readonly outcome: 'sign-in-ended' }
  /** The stored hash is not the one that the current password was compared with. This is the stored one. */
  | { readonly outcome: 'other-hash'; readonly passwordHash: string };
