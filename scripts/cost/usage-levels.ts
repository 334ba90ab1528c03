/** What a user who is active in a month does in it: the assumption behind the dollars, so change it to suit the app. */
export const CALLS_PER_USER: Readonly<Record<string, number>> = {
  'POST /api/register': 0.05,
  'POST /api/login': 2,
  'POST /api/token/renew': 4,
  // Once for each visit: what an instance knows of a session lasts for 30 s.
  'check of a session': 30,
  'GET /api/user/audio-files (page of 50)': 60,
  'POST /api/audio-file (upload)': 20,
  'POST /api/audio-file/{id}/complete': 20,
  'GET /api/audio-file/{id}': 40,
  'GET /api/audio-file/{id}/download-url': 20,
  'PATCH /api/audio-file/{id}': 4,
  'DELETE /api/audio-file/{id}': 2,
  'GET /api/user/usage (50 records)': 2,
};

/** Records that a user keeps: a year of them. */
export const RECORDS_PER_USER = 12 * 18;

/** A record, its entry in the index and what DynamoDB adds to each, and the rows of the account; bytes. */
export const BYTES_PER_RECORD = 2 * (400 + 100);
export const BYTES_PER_ACCOUNT = 2_000;

export const LEVELS = [
  { name: 'low', users: 1_000 },
  { name: 'medium', users: 20_000 },
  { name: 'high', users: 200_000 },
] as const;
