/** Header of a 201, for the OpenAPI document. */
export const LOCATION_HEADER = {
  Location: {
    description: 'Where to get what was made (RFC 9110 §10.2.2); a path of this service',
    schema: { type: 'string', format: 'uri-reference', maxLength: 256 },
  },
} as const;
