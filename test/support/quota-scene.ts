import { type Account } from './accounts.js';
import { type DatabaseStub, startDatabaseStub } from './database-stub.js';
import { rowsOf } from './stored-rows.js';
import { startTestApp, type TestApp } from './test-app.js';

export const PATH = '/api/audio-file';
export const BATCHES = '/api/user/audio-files';

/** The result of a batch item. */
export interface Outcome {
  status: number;
  audio_file?: { file_id: string };
}

/** Error detail if the quota has no capacity for another record. */
export const full = (quota: number) => `You can keep at most ${quota} audio files`;

export const times = (count: number, status: number) => Array<number>(count).fill(status);

/** Items of a batch that creates records. */
export const itemsOf = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}`, ...more(n) }));

/** In ascending order. */
export const statuses = (outcomes: { status: number }[]) => outcomes.map(({ status }) => status).sort();

/** Creates a record, with an `Idempotency-Key` if there is one. */
export function create(app: TestApp, { authorization }: Account, body: object = {}, key?: string) {
  const request = app.http.post(PATH).set(authorization);
  if (key !== undefined) void request.set('Idempotency-Key', key);
  return request.send({ s3_key: 'recordings/monday.m4a', ...body });
}

/** @param name `batch-create` or `batch-delete` */
export async function batch(app: TestApp, name: string, account: Account, body: object): Promise<Outcome[]> {
  const request = app.http.post(`${BATCHES}/${name}`).set(account.authorization).send(body);
  return ((await request.expect(200)).body as { results: Outcome[] }).results;
}

/** Number of the user's records in the table. */
export async function stored(app: TestApp, { userId }: Account): Promise<number> {
  return (await rowsOf(app, userId)).audioFiles.length;
}

/** Applications with quotas on a database that can fail, for one test at a time. */
export class QuotaScene {
  private readonly apps: TestApp[] = [];

  private constructor(readonly stub: DatabaseStub) {}

  static async open(): Promise<QuotaScene> {
    return new QuotaScene(await startDatabaseStub());
  }

  /** @param beside an application whose tables it shares */
  async start(quota: Record<string, string>, beside?: TestApp): Promise<TestApp> {
    const app = await startTestApp({ DYNAMODB_ENDPOINT: this.stub.endpoint, ...quota }, beside);
    this.apps.push(app);
    return app;
  }

  /** Stops the applications of a test. */
  async stop(): Promise<void> {
    this.stub.behave(() => 'forward');
    // In reverse order: the tables belong to the first.
    for (const app of this.apps.splice(0).reverse()) await app.close();
  }

  close(): Promise<void> {
    return this.stub.close();
  }
}
