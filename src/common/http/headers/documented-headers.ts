/** Response headers for the OpenAPI document. */

export const ETAG_HEADER = {
  ETag: {
    description: 'Identifies this state of the record, for `If-Match`',
    schema: { type: 'string', maxLength: 64 },
  },
} as const;

export const PAGE_HEADERS = {
  Link: {
    description: 'URL of the next page (RFC 8288), `rel="next"`; absent on the last page',
    schema: { type: 'string', maxLength: 4096 },
  },
  'X-Next-Cursor': {
    description: '`cursor` of the next page; absent on the last page',
    schema: { type: 'string', maxLength: 200 },
  },
} as const;
