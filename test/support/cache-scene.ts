import { expect } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Account, createAudioFile, registerAccount } from './accounts.js';
import { type DatabaseStub, startDatabaseStub } from './database-stub.js';
import { startRedis, type TestRedis } from './redis.js';
import { startTestApp, type TestApp } from './test-app.js';

/** Two instances with `CACHE=on`, on one Redis and a database that counts reads and can fail, and two accounts. */
export class CacheScene {
  private constructor(
    readonly redis: TestRedis,
    /** To read Redis directly. */
    readonly client: Redis,
    readonly stub: DatabaseStub,
    readonly one: TestApp,
    readonly two: TestApp,
    readonly ada: Account,
    readonly eve: Account,
  ) {}

  static async start(): Promise<CacheScene> {
    const redis = await startRedis();
    const client = new Redis(redis.url, { lazyConnect: true });
    client.on('error', () => undefined);
    const stub = await startDatabaseStub();
    const environment = { REDIS_URL: redis.url, CACHE: 'on', DYNAMODB_ENDPOINT: stub.endpoint };
    const one = await startTestApp(environment);
    const two = await startTestApp(environment, one);
    const [ada, eve] = [await registerAccount(one), await registerAccount(one)];
    // Both instances cache the sessions from here on, so that each read is a read of the record.
    for (const { http } of [one, two]) {
      for (const { authorization } of [ada, eve]) {
        await http.get('/api/user/audio-files').set(authorization).expect(200);
      }
    }
    return new CacheScene(redis, client, stub, one, two, ada, eve);
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await this.two.close();
    await this.one.close();
    await this.stub.close();
    await this.redis.close();
  }

  get({ http }: TestApp, fileId: string, { authorization } = this.ada) {
    return http.get(`/api/audio-file/${fileId}`).set(authorization);
  }

  patch({ http }: TestApp, fileId: string, title: string) {
    return http.patch(`/api/audio-file/${fileId}`).set(this.ada.authorization).send({ title });
  }

  remove({ http }: TestApp, fileId: string) {
    return http.delete(`/api/audio-file/${fileId}`).set(this.ada.authorization);
  }

  async titleAt(app: TestApp, fileId: string): Promise<unknown> {
    const { body } = await this.get(app, fileId).expect(200);
    return (body as { title: unknown }).title;
  }

  /** The Redis key of the record. */
  keyOf(fileId: string): string {
    const { aws, tables } = this.one.config;
    return `${aws.region}:${tables.audioFiles}:audio-file:{${fileId}}`;
  }

  /** A record that is in the cache. */
  async cachedRecord(title = 'Monday'): Promise<string> {
    const { file_id: fileId } = await createAudioFile(this.one, this.ada, { title });
    await this.get(this.one, fileId).expect(200);
    expect(await this.client.exists(this.keyOf(fileId))).toBe(1);
    return fileId;
  }

  /** Reads of records at the database while `work` runs. */
  async readsDuring(work: () => PromiseLike<unknown>): Promise<number> {
    this.stub.behave(() => 'forward');
    await work();
    return this.stub.calls.filter((operation) => operation === 'GetItem').length;
  }
}
