/** What is used of the package, which has no types of its own. */
declare module 'tr46' {
  /** Processing options of UTS 46 §4. */
  interface Options {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
  }

  /** The form of a domain with its characters; `error` where it is not valid. */
  export function toUnicode(domain: string, options?: Options): { domain: string; error: boolean };

  /** The form of a domain for the DNS, or `null` where it is not valid. */
  export function toASCII(
    domain: string,
    options?: Options & { readonly verifyDNSLength?: boolean },
  ): string | null;
}
