/** Media types that are read as JSON: the second one only of a PATCH (RFC 7396). */
export const JSON_TYPES = ['application/json'];
export const PATCH_TYPES = [...JSON_TYPES, 'application/merge-patch+json'];

/** Encodings that the body parser undoes. */
export const BODY_ENCODINGS = 'br, gzip, deflate';

/** Value of the `Accept-Patch` header (RFC 5789 §3.1). */
export const ACCEPT_PATCH = PATCH_TYPES.join(', ');

/** The body is of a type or in an encoding that is not read. */
export class UnreadableBodyError extends Error {
  /** Headers that say what would be read: types by RFC 9110 §12.5.1, of a PATCH also by RFC 5789 §2.2. */
  readonly headers: Record<string, string>;

  constructor(types: readonly string[]) {
    super(`The request body must be JSON in UTF-8 with Content-Type: ${types.join(' or ')}`);
    const accepted = types.join(', ');
    this.headers = { Accept: accepted, ...(types === PATCH_TYPES && { 'Accept-Patch': ACCEPT_PATCH }) };
  }
}
