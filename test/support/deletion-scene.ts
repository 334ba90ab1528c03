import { type Account, registerAccount } from './accounts.js';
import { startStorageStub, type StorageStub } from './storage-stub.js';
import { startTestApp, type TestApp } from './test-app.js';
import { openTestBucket, type TestBucket } from './uploads.js';

/** An application on an object store that can fail, its bucket, and an account. */
export class DeletionScene {
  private constructor(
    readonly stub: StorageStub,
    readonly app: TestApp,
    readonly bucket: TestBucket,
    readonly ada: Account,
  ) {}

  static async start(): Promise<DeletionScene> {
    const stub = await startStorageStub();
    const app = await startTestApp({ S3_ENDPOINT: stub.endpoint });
    return new DeletionScene(stub, app, openTestBucket(), await registerAccount(app));
  }

  async close(): Promise<void> {
    this.bucket.close();
    await this.app.close();
    await this.stub.close();
  }

  remove(fileId: string, { authorization } = this.ada) {
    return this.app.http.delete(`/api/audio-file/${fileId}`).set(authorization);
  }
}
