import type { Account } from './accounts.js';
import type { TestApp } from './test-app.js';

/** A record to create. */
export const monday = {
  s3_key: 'recordings/monday.m4a',
  file_size: 482_133,
  recorded_at: '2025-09-24T18:30:00Z',
  title: 'Monday',
  tags: ['interview', 'draft'],
  content_type: 'audio/mp4',
};

/** Creates a record over HTTP with an `Idempotency-Key`. */
export function createWithKey({ http }: TestApp, { authorization }: Account, key: string, body: object) {
  return http.post('/api/audio-file').set(authorization).set('Idempotency-Key', key).send(body);
}

/** Bodies of all records of the user. */
export async function listRecords({ http }: TestApp, { authorization }: Account): Promise<unknown[]> {
  const { body } = await http.get('/api/user/audio-files').set(authorization).expect(200);
  return body as unknown[];
}
