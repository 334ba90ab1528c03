import { isEmail } from 'class-validator';
import { toASCII, toUnicode } from 'tr46';

const ASCII = /^[\x21-\x7e]*$/;

/** Punycode labels have a second spelling in Unicode. */
const ENCODED_LABEL = /[@.]xn--/i;

/** No valid address is longer. A much longer one is refused by its length and is not processed. */
const LONGEST_WORTH_WORK = 1024;

/** As for the host of a URL: host names with hyphens in the third and fourth position are in use. */
const DOMAIN_OPTIONS = { checkBidi: true, checkJoiners: true, checkHyphens: false } as const;

/** Invisible characters: zero-width characters, soft hyphens, direction marks, fillers, variation selectors. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;

/**
 * An email address in the two forms by which accounts are found, which are equal for most addresses. A class, so that
 * no object of a request can pass for one.
 */
export class Email {
  private constructor(
    /** The form that new accounts store. */
    readonly canonical: string,
    /** The form that accounts of the older rule store: trimmed and lower case. */
    readonly older: string,
  ) {}

  /**
   * Parses an address in any spelling. In the canonical form the domain follows UTS 46 in Unicode, as in the older
   * rule, and the local part is in NFC and lower case. The older rule applies to an address without a valid domain.
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

  /** The forms that an account may store, without duplicates, first the one that is closest to the input. */
  get forms(): readonly string[] {
    return this.canonical === this.older ? [this.older] : [this.older, this.canonical];
  }

  /** Whether both are spellings of the same address. */
  equals(other: Email): boolean {
    return this.canonical === other.canonical || this.older === other.older;
  }
}

/**
 * Why a new account may not have an address, as the end of a sentence after the name of its field; `undefined` if it
 * may. Two addresses that look alike must not be two accounts: invisible characters and characters with another NFKC
 * form are refused in the local part. In the domain, UTS 46 resolves both.
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

/** Whether an address has characters in the local part that {@link whyNotNew} refuses. */
export function hasLookalikes(email: string): boolean {
  return wrongLocal(parts(email)[0]) !== undefined;
}

function wrongLocal(local: string): string | undefined {
  if (INVISIBLE.test(local)) return 'must not contain invisible characters';
  return local.normalize('NFKC') === local
    ? undefined
    : 'must not contain characters before the @ that stand for others, such as full-width letters';
}

/** Whether case is the only difference between the spellings of an address. */
function isPlain(address: string): boolean {
  return ASCII.test(address) && !ENCODED_LABEL.test(address);
}

function isDnsName(domain: string): boolean {
  return toASCII(domain, { ...DOMAIN_OPTIONS, verifyDNSLength: true }) !== null;
}

/** Composed again after lower case, which may decompose characters. */
function canonicalLocal(local: string): string {
  return local.normalize('NFC').toLowerCase().normalize('NFC');
}

function parts(email: string): [local: string, domain: string] {
  const at = email.lastIndexOf('@');
  return [email.slice(0, Math.max(at, 0)), email.slice(at + 1)];
}
