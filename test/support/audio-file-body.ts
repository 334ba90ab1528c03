import { expect } from '@jest/globals';

/** A complete record as in a response, with unknown values except the given ones; for `toEqual`. */
export function recordBody(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    file_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    s3_key: 'recordings/monday.m4a',
    file_size: null,
    uploaded_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
    recorded_at: null,
    status: 'ready',
    title: null,
    tags: [],
    duration_seconds: null,
    content_type: null,
    checksum_sha256: null,
    object_etag: null,
    ...overrides,
  };
}
