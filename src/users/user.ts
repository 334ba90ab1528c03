/** An account. */
export interface User {
  readonly userId: string;
  /** Trimmed and lower case. */
  readonly email: string;
  /** Argon2 in PHC string format. */
  readonly passwordHash: string;
  /** 32 random bytes that the client derives its encryption key with. */
  readonly keySalt: Buffer;
  /** Unix seconds. */
  readonly createdAt: number;
}
