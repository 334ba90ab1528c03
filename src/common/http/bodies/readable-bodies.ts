/** Media types that are parsed as JSON. The second one is for PATCH only (RFC 7396). */
export const JSON_TYPES = ['application/json'];
export const PATCH_TYPES = [...JSON_TYPES, 'application/merge-patch+json'];

/** Encodings that the body parser decodes. */
export const BODY_ENCODINGS = 'br, gzip, deflate';

/** Value of the `Accept-Patch` header (RFC 5789 §3.1). */
export const ACCEPT_PATCH = PATCH_TYPES.join(', ');

/** The media type or encoding of the body is not supported. */
export class UnreadableBodyError extends Error {
  /** Headers with the supported types (RFC 9110 §12.5.1; for PATCH also RFC 5789 §2.2). */
  readonly headers: Record<string, string>;

  constructor(types: readonly string[]) {
    super(`The request body must be JSON in UTF-8 with Content-Type: ${types.join(' or ')}`);
    const accepted = types.join(', ');
    this.headers = { Accept: accepted, ...(types === PATCH_TYPES && { 'Accept-Patch': ACCEPT_PATCH }) };
  }
}
