import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { createUpload, send } from '../support/uploads.js';
import { startDatabaseProxy } from './support/proxy.js';
import { report } from './support/report.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];

/** One request that writes, and how its effect is looked at. */
interface Case {
  /** Arranges what the request needs and gives the request, the same each time. */
  readonly arrange: () => Promise<() => PromiseLike<Response>>;
  /** The status of an answer that gets through. */
  readonly status: number;
  /** The status where the client repeats a request of which no answer got through. */
  readonly repeated: number;
  /** Throws unless the request had its effect exactly once. */
  readonly check: (answer: Response) => Promise<void>;
}

describe('a write is applied and its answer lost:', () => {
  let tables: Tables;
  let database: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    [tables, database] = await Promise.all([createTables(), startDatabaseProxy()]);
    service = await startService(tables, { DYNAMODB_ENDPOINT: database.endpoint });
  });

  beforeEach(async () => {
    database.behave(() => 'forward');
    ada = await registerAccount(service);
  });

  afterAll(async () => {
    await service.stop();
    await database.close();
    await tables.delete();
  });

  const get = async (path: string) => (await service.http.get(path).set(ada.authorization)).body as unknown;
  const list = () => get('/api/user/audio-files') as Promise<Record<string, unknown>[]>;
  const credentials = { email: '', password: 'correct horse battery' };

  /** The one record there is, as the answer shows it where it was a record. */
  async function expectOne(fields: object): Promise<void> {
    expect(await list()).toEqual([expect.objectContaining(fields)]);
  }
  async function arrangedFile(): Promise<string> {
    const { file_id: fileId } = await createAudioFile(service, ada);
    return `/api/audio-file/${fileId}`;
  }

  const cases: Record<string, Case> = {
    create: {
      arrange: () =>
        Promise.resolve(() =>
          service.http.post('/api/audio-file').set(ada.authorization).send({ s3_key: 'a' }),
        ),
      status: 201,
      // Without a key nobody can tell that it is the same; the next case is for that.
      repeated: 201,
      check: async ({ body }) => {
        const keys = (await list()).map(({ file_id }) => file_id);
        expect(keys).toContain((body as { file_id: string }).file_id);
      },
    },
    'create with Idempotency-Key': {
      arrange: () => {
        const key = randomUUID();
        return Promise.resolve(() =>
          service.http
            .post('/api/audio-file')
            .set(ada.authorization)
            .set('Idempotency-Key', key)
            .send({ s3_key: 'a' }),
        );
      },
      status: 201,
      repeated: 200,
      check: ({ body }) => expectOne(body as object),
    },
    register: {
      arrange: () => {
        credentials.email = `${randomUUID()}@example.com`;
        return Promise.resolve(() => service.http.post('/api/register').send(credentials));
      },
      status: 201,
      // True: there is an account, and the password that was sent opens it.
      repeated: 409,
      check: async () => {
        await service.http.post('/api/login').send(credentials).expect(200);
      },
    },
    'register with Idempotency-Key': {
      arrange: () => {
        credentials.email = `${randomUUID()}@example.com`;
        const key = randomUUID();
        return Promise.resolve(() =>
          service.http.post('/api/register').set('Idempotency-Key', key).send(credentials),
        );
      },
      status: 201,
      repeated: 200,
      check: async ({ body }) => {
        const { body: signedIn } = await service.http.post('/api/login').send(credentials).expect(200);
        expect(signedIn).toEqual({ ...(body as object), token: expect.any(String) });
      },
    },
    delete: {
      arrange: async () => {
        const path = await arrangedFile();
        return () => service.http.delete(path).set(ada.authorization);
      },
      status: 200,
      // True: there is no such record, which is what was asked for.
      repeated: 404,
      check: async () => expect(await list()).toEqual([]),
    },
    'patch with If-Match': {
      arrange: async () => {
        const path = await arrangedFile();
        const { headers } = await service.http.get(path).set(ada.authorization);
        return () =>
          service.http
            .patch(path)
            .set(ada.authorization)
            .set('If-Match', String(headers['etag']))
            .send({ title: 'Monday' });
      },
      status: 200,
      // The version moved, by this very request. RFC 9110 §13.1.1 would allow 200 as well.
      repeated: 412,
      check: () => expectOne({ title: 'Monday' }),
    },
    complete: {
      arrange: async () => {
        const { file_id: fileId, upload } = await createUpload(service, ada);
        await send(upload, 'beep');
        return () => service.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization);
      },
      status: 200,
      repeated: 200,
      check: () => expectOne({ status: 'ready' }),
    },
  };

  it.each(Object.keys(cases))('%s', async (name) => {
    const { arrange, status, repeated, check } = cases[name] as Case;

    const once = await arrange();
    database.behave(({ operation, attempt }) =>
      WRITES.includes(operation) && attempt === 1 ? 'forward-then-cut' : 'forward',
    );
    const answer = await once();
    expect(answer.status).toBe(status);
    expect(database.calls.filter((call) => WRITES.includes(call)).length).toBeGreaterThan(1);
    database.behave(() => 'forward');
    await check(answer);
    if (name === 'create') await expectOne(answer.body as object);

    ada = await registerAccount(service);
    const lost = await arrange();
    database.behave(({ operation }) => (WRITES.includes(operation) ? 'forward-then-cut' : 'forward'));
    const unanswered = await lost();
    expect(unanswered.status).toBe(503);
    expect(unanswered.headers['retry-after']).toBe('1');
    database.behave(() => 'forward');
    const again = await lost();
    expect(again.status).toBe(repeated);
    await check(again);
    report(
      `answer of ${name} lost`,
      `${answer.status} where the first try lost it; 503 where all did, ${again.status} to the same request again`,
    );
  });
});
