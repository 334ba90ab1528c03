import { isEmail } from 'class-validator';
import { toASCII, toUnicode } from 'tr46';

const ASCII = /^[\x21-\x7e]*$/;

/** Encoded labels have another spelling, with their characters. */
const ENCODED_LABEL = /[@.]xn--/i;

/** No address is longer; what is longer by far is refused by its length and need not be worked on. */
const LONGEST_WORTH_WORK = 1024;

/** As for the host of a URL: host names with hyphens in the third and fourth place are in use. */
const DOMAIN_OPTIONS = { checkBidi: true, checkJoiners: true, checkHyphens: false } as const;

/** What nobody sees: zero-width characters, soft hyphens, direction marks, fillers, variation selectors. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;

/**
 * An email address in the two forms by which accounts are found; for most addresses both are the same. A class, so that no
 * object of a request passes for one.
 */
export class Email {
  private constructor(
    /** How new accounts keep it. */
    readonly canonical: string,
    /** How accounts keep it that were made by the older rule: trimmed and lower case. */
    readonly older: string,
  ) {}

  /**
   * Reads an address, however it is written. The canonical form has the domain by UTS 46, in Unicode, as the older rule kept
   * it too, and what is before the `@` in NFC and lower case. An address without a valid domain is left to the older rule.
   *
   * @see https://www.unicode.org/reports/tr46/
   */
  static read(text: string): Email {
    const trimmed = text.trim();
    const older = trimmed.toLowerCase();
    if (isPlain(trimmed) || trimmed.length > LONGEST_WORTH_WORK) return new Email(older, older);
    const [local, domain] = parts(trimmed);
    const { domain: canonical, error } = toUnicode(domain, DOMAIN_OPTIONS);
    return new Email(error ? older : `${canonicalLocal(local)}@${canonical}`, older);
  }

  /** The forms in which an account may have it, each once, first the one that is closest to what was sent. */
  get forms(): readonly string[] {
    return this.canonical === this.older ? [this.older] : [this.older, this.canonical];
  }

  /** Whether both are spellings of one address. */
  equals(other: Email): boolean {
    return this.canonical === other.canonical || this.older === other.older;
  }
}

/**
 * Why no account may be made with an address, to follow the name of its field; `undefined` where one may. Two addresses
 * that look alike must not be two accounts: what is invisible, and what has a plainer form (NFKC), is refused before the
 * `@`. In the domain, UTS 46 resolves both.
 */
export function whyNotNew({ canonical }: Email): string | undefined {
  const [local, domain] = parts(canonical);
  return (
    wrongLocal(local) ??
    ((isPlain(canonical) || isDnsName(domain)) && isEmail(canonical)
      ? undefined
      : 'must be a valid email address')
  );
}

/** Whether an address has characters before the `@` that {@link whyNotNew} refuses. */
export function hasLookalikes(email: string): boolean {
  return wrongLocal(parts(email)[0]) !== undefined;
}

function wrongLocal(local: string): string | undefined {
  if (INVISIBLE.test(local)) return 'must not contain invisible characters';
  return local.normalize('NFKC') === local
    ? undefined
    : 'must not contain characters before the @ that stand for others, such as full-width letters';
}

/** Whether there is no other way to write it than in capitals. */
function isPlain(address: string): boolean {
  return ASCII.test(address) && !ENCODED_LABEL.test(address);
}

function isDnsName(domain: string): boolean {
  return toASCII(domain, { ...DOMAIN_OPTIONS, verifyDNSLength: true }) !== null;
}

/** Composed again after lower case, which may take characters apart. */
function canonicalLocal(local: string): string {
  return local.normalize('NFC').toLowerCase().normalize('NFC');
}

function parts(email: string): [local: string, domain: string] {
  const at = email.lastIndexOf('@');
  return [email.slice(0, Math.max(at, 0)), email.slice(at + 1)];
}
