import { randomUUID } from 'node:crypto';

/** A user with records, as the measured requests need them. */
export interface Fixtures {
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly userId: string;
  /** One of the user's records. */
  readonly fileId: string;
}

/** The default page size of the list. */
export const RECORDS = 50;

/**
 * Registers a user and creates {@link RECORDS} records, all over HTTP.
 *
 * @param url of the service
 * @throws Error if the service refuses a request
 */
export async function arrange(url: string): Promise<Fixtures> {
  const account = await register(url);
  const { token } = account;
  let fileId = '';
  for (let n = 1; n <= RECORDS; n++) {
    const body = {
      s3_key: `recordings/${n}.m4a`,
      file_size: 482_133 + n,
      recorded_at: '2025-09-24T18:30:00Z',
    };
    fileId = (await call<{ file_id: string }>(`${url}/api/audio-file`, body, token)).file_id;
  }
  const list = await call<unknown[]>(`${url}/api/user/audio-files?limit=${RECORDS}`, undefined, token);
  if (list.length !== RECORDS) throw new Error(`The list has ${list.length} records instead of ${RECORDS}`);
  return { ...account, fileId };
}

/**
 * Registers a user over HTTP.
 *
 * @throws Error if the service refuses the request
 */
export async function register(url: string): Promise<Omit<Fixtures, 'fileId'>> {
  const email = `bench-${randomUUID()}@example.com`;
  // Not one of the common passwords, which production refuses.
  const password = `correct horse battery ${randomUUID()}`;
  const answer = await call<{ token: string; user_id: string }>(`${url}/api/register`, { email, password });
  return { email, password, token: answer.token, userId: answer.user_id };
}

async function call<T>(url: string, body?: object, token?: string): Promise<T> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
