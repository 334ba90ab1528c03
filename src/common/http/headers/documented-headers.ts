/** Response headers for the OpenAPI document. */

export const ETAG_HEADER = {
  ETag: {
    description: 'Names this state of the record, for `If-Match`',
    schema: { type: 'string', maxLength: 64 },
  },
} as const;

export const PAGE_HEADERS = {
  Link: {
    description: 'Where the list goes on (RFC 8288), `rel="next"`; absent at its end',
    schema: { type: 'string', maxLength: 4096 },
  },
  'X-Next-Cursor': {
    description: '`cursor` of the next page; absent at the end of the list',
    schema: { type: 'string', maxLength: 200 },
  },
} as const;
