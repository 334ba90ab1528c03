import { type Account } from './accounts.js';
import { type DatabaseStub, startDatabaseStub } from './database-stub.js';
import { rowsOf } from './stored-rows.js';
import { startTestApp, type TestApp } from './test-app.js';

export const PATH = '/api/audio-file';
export const BATCHES = '/api/user/audio-files';

/** What became of an item of a batch. */
export interface Outcome {
  status: number;
  audio_file?: { file_id: string };
}

/** What is said where there is no room for another record. */
export const full = (quota: number) => `You can keep at most ${quota} audio files`;

export const times = (count: number, status: number) => Array<number>(count).fill(status);

/** Items of a batch that makes records. */
export const itemsOf = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}`, ...more(n) }));

/** In ascending order. */
export const statuses = (outcomes: { status: number }[]) => outcomes.map(({ status }) => status).sort();

/** Asks for a record to be made, with an `Idempotency-Key` where there is one. */
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

/** How many records of the user there are in the table. */
export async function stored(app: TestApp, { userId }: Account): Promise<number> {
  return (await rowsOf(app, userId)).audioFiles.length;
}

/** Applications with quotas on a database that can fail, those of one test at a time. */
export class QuotaScene {
  private readonly apps: TestApp[] = [];

  private constructor(readonly stub: DatabaseStub) {}

  static async open(): Promise<QuotaScene> {
    return new QuotaScene(await startDatabaseStub());
  }

  /** @param beside one whose tables it shares */
  async start(quota: Record<string, string>, beside?: TestApp): Promise<TestApp> {
    const app = await startTestApp({ DYNAMODB_ENDPOINT: this.stub.endpoint, ...quota }, beside);
    this.apps.push(app);
    return app;
  }

  /** Stops the applications of a test. */
  async stop(): Promise<void> {
    this.stub.behave(() => 'forward');
    // The last one first: the tables belong to the first.
    for (const app of this.apps.splice(0).reverse()) await app.close();
  }

  close(): Promise<void> {
    return this.stub.close();
  }
}
