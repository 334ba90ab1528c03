/** A way to write an email. */
export type Spelling = 'canonical' | 'decomposed' | 'in capitals' | 'in full width';

/** An email in its canonical form, written another way. */
export function spell(email: string, spelling: Spelling): string {
  switch (spelling) {
    case 'canonical':
      return email;
    case 'decomposed':
      return email.normalize('NFD');
    case 'in capitals':
      return email.toUpperCase();
    case 'in full width':
      return email.replace(/[^@]*$/, fullWidth);
  }
}

/**
 * The canonical form of a spelling. It is not asked of `Email`: whether that brings all spellings together is what is
 * looked at.
 */
export function canonicalOf(spelled: string): string {
  return spelled.normalize('NFKC').toLowerCase();
}

/** Where an account or a claim of an email may be: in its canonical form, as it is written, and by the older rule. */
export function placesOf(email: string, spellings: Iterable<Spelling>): string[] {
  const written = [...spellings].map((spelling) => spell(email, spelling));
  return [...new Set([email, ...written, ...written.map((spelled) => spelled.toLowerCase())])];
}

/** Characters from `!` to `~` have one in full width each. */
function fullWidth(domain: string): string {
  return domain.replace(/[!-~]/g, (character) =>
    String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0),
  );
}
