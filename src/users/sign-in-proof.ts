/**
 * Proves that a sign-in has not ended, for the condition of a write that depends on it. The account's row decides in
 * the write itself: if the sign-in has ended meanwhile, on any instance, the write fails.
 */
export interface SignInProof {
  readonly userId: string;
  /** Identifies the sign-in within its account, see `signInReference`. */
  readonly reference: string;
  /** For a session: the generation of the account at creation. Absent for a token without a session. */
  readonly generation?: number;
  /** When the token was issued; Unix seconds. */
  readonly issuedAt: number;
}

/** Condition of a write of the account's row, and its values. */
export interface ProofCondition {
  readonly expression: string;
  readonly values: Record<string, string | number>;
}

/**
 * The condition that the sign-in has not ended: neither the account's generation nor the time from which its tokens are
 * valid was raised beyond it, or it is the one that was kept. Costs nothing.
 */
export function proofCondition({ reference, generation, issuedAt }: SignInProof): ProofCondition {
  const values = { ':its_reference': reference };
  if (generation === undefined) {
    return {
      expression:
        'attribute_exists(user_id) AND (attribute_not_exists(tokens_valid_from) ' +
        'OR tokens_valid_from <= :its_time OR kept_sign_in = :its_reference)',
      values: { ...values, ':its_time': issuedAt },
    };
  }
  return {
    expression:
      'attribute_exists(user_id) AND (attribute_not_exists(session_generation) ' +
      'OR session_generation <= :its_generation OR kept_sign_in = :its_reference)',
    values: { ...values, ':its_generation': generation },
  };
}
