import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { type Account, registerAccount } from './accounts.js';
import { type DatabaseStub, startDatabaseStub } from './database-stub.js';
import { adoptNativeErrors } from './native-errors.js';
import { putAudioFile, storedAudioFile } from './stored-rows.js';
import { startTestApp, type TestApp } from './test-app.js';

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];

/** Response if a record does not match `If-Match`. */
export const CHANGED = { status: 412, detail: 'The record was changed meanwhile' };

/** An application on a database that can fail, with a record of Ada, and a stranger. */
export class ChangeScene {
  fileId = '';
  path = '';
  /** The response to its creation, with a title and two tags. */
  record: Record<string, unknown> = {};
  etag = '';

  private constructor(
    readonly stub: DatabaseStub,
    readonly app: TestApp,
    readonly ada: Account,
    readonly eve: Account,
  ) {}

  static async start(): Promise<ChangeScene> {
    adoptNativeErrors();
    const stub = await startDatabaseStub();
    const app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
    return new ChangeScene(stub, app, await registerAccount(app), await registerAccount(app));
  }

  /** Creates another record. */
  async arrange(): Promise<void> {
    this.stub.behave(() => 'forward');
    const s3_key = 'recordings/monday.m4a';
    const answer = await this.app.http
      .post('/api/audio-file')
      .set(this.ada.authorization)
      .send({ s3_key, title: 'Monday', tags: ['a', 'b'], duration_seconds: 2 })
      .expect(201);
    this.record = answer.body as Record<string, unknown>;
    this.fileId = this.record['file_id'] as string;
    this.path = `/api/audio-file/${this.fileId}`;
    this.etag = answer.headers['etag'] as string;
    this.stub.behave(() => 'forward');
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.stub.close();
  }

  patch(body: object, headers: Record<string, string> = {}) {
    return this.app.http
      .patch(this.path)
      .set({ ...this.ada.authorization, ...headers })
      .send(body);
  }

  get() {
    return this.app.http.get(this.path).set(this.ada.authorization);
  }

  /** The row, or `undefined`. */
  stored() {
    return storedAudioFile(this.app, this.fileId);
  }

  /** Replaces the row directly in the table. */
  putRow(row: Record<string, unknown>): Promise<void> {
    return putAudioFile(this.app, row);
  }

  /** Deletes the row directly in the table. */
  async deleteRow(): Promise<void> {
    const { audioFiles } = this.app.config.tables;
    const Key = { file_id: this.fileId };
    await this.app.rows.send(new DeleteCommand({ TableName: audioFiles, Key }));
  }

  /** Write operations of the application since the record was created. */
  writes(): string[] {
    return this.stub.calls.filter((operation) => WRITES.includes(operation));
  }
}
