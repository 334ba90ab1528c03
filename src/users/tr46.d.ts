/** The part of the package that is used. It has no types of its own. */
declare module 'tr46' {
  /** Processing options of UTS 46 §4. */
  interface Options {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
  }

  /** The Unicode form of a domain; `error` if it is not valid. */
  export function toUnicode(domain: string, options?: Options): { domain: string; error: boolean };

  /** The ASCII form of a domain, or `null` if it is not valid. */
  export function toASCII(
    domain: string,
    options?: Options & { readonly verifyDNSLength?: boolean },
  ): string | null;
}
