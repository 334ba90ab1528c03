/** Header of a 201, for the OpenAPI document. */
export const LOCATION_HEADER = {
  Location: {
    description: 'Path of the new resource (RFC 9110 §10.2.2)',
    schema: { type: 'string', format: 'uri-reference', maxLength: 256 },
  },
} as const;
