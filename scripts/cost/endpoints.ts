import { randomUUID } from 'node:crypto';

/** Read and write units. */
export interface Units {
  readonly read: number;
  readonly write: number;
}

/** Measures what the service consumes while `work` runs. */
export type Measure = (work: () => Promise<unknown>) => Promise<Units>;

const AUDIO = Buffer.from('not really audio');
const UPLOAD = { content_type: 'audio/mp4', file_size: AUDIO.length };
const PAGE = 50;

interface CreatedFile {
  file_id: string;
  upload?: { url: string; headers: Record<string, string> };
}

/**
 * Makes every call for real and gives what each consumed, by the name it has in `usage-levels.ts`.
 *
 * @param url of the service
 */
export async function measureEndpoints(url: string, measure: Measure): Promise<Map<string, Units>> {
  const units = new Map<string, Units>();
  const credentials = { email: `${randomUUID()}@example.com`, password: `correct horse ${randomUUID()}` };
  let token = '';
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: {
        ...(token !== '' && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const note = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    let result: T | undefined;
    units.set(name, await measure(async () => (result = await work())));
    return result as T;
  };

  await note('POST /api/register', () => call('POST', '/register', credentials));
  const signedIn = await note('POST /api/login', () =>
    call<{ token: string }>('POST', '/login', credentials),
  );
  token = signedIn.token;
  // An empty list is read with half a unit; the rest is the session.
  const first = await measure(() => call('GET', '/user/audio-files'));
  units.set('check of a session', { read: first.read - 0.5, write: first.write });
  await note('POST /api/token/renew', () => call('POST', '/token/renew'));

  const file = await note('POST /api/audio-file (upload)', () =>
    call<CreatedFile>('POST', '/audio-file', UPLOAD),
  );
  const put = await fetch(file.upload?.url ?? '', {
    method: 'PUT',
    headers: file.upload?.headers ?? {},
    body: AUDIO,
  });
  if (!put.ok) throw new Error(`The upload was answered ${put.status}`);
  const at = `/audio-file/${file.file_id}`;
  await note('POST /api/audio-file/{id}/complete', () => call('POST', `${at}/complete`));
  await note('GET /api/audio-file/{id}', () => call('GET', at));
  await note('GET /api/audio-file/{id}/download-url', () => call('GET', `${at}/download-url`));
  await note('PATCH /api/audio-file/{id}', () => call('PATCH', at, { title: 'Monday' }));
  await note('DELETE /api/audio-file/{id}', () => call('DELETE', at));

  const batch = { items: Array.from({ length: PAGE }, () => recordOfUsualSize()) };
  const created = await note('POST /api/user/audio-files/batch-create (50)', () =>
    call<{ results: { audio_file: CreatedFile }[] }>('POST', '/user/audio-files/batch-create', batch),
  );
  const ids = { file_ids: created.results.map(({ audio_file }) => audio_file.file_id) };
  await note('GET /api/user/audio-files (page of 50)', () => call('GET', `/user/audio-files?limit=${PAGE}`));
  await note('GET /api/user/usage (50 records)', () => call('GET', '/user/usage'));
  await note('POST /api/user/audio-files/batch-get (50)', () =>
    call('POST', '/user/audio-files/batch-get', ids),
  );
  await note('POST /api/user/audio-files/batch-delete (50)', () =>
    call('POST', '/user/audio-files/batch-delete', ids),
  );
  return units;
}

/** Some 400 bytes as a row. */
function recordOfUsualSize(): object {
  return {
    s3_key: `recordings/${randomUUID()}/`.padEnd(110, 'x'),
    file_size: 482_133,
    recorded_at: '2025-09-24T18:30:00Z',
    title: 'Monday, on the train',
    tags: ['interview'],
    duration_seconds: 93.5,
    content_type: 'audio/mp4',
  };
}
