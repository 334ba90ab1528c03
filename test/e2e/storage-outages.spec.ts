import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf } from '../support/stored-rows.js';
import {
  s3Error,
  startStorageStub,
  type StorageBehaviour,
  type StorageStub,
} from '../support/storage-stub.js';
import {
  createUpload,
  openTestBucket,
  type PendingRecord,
  send,
  type TestBucket,
} from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Nothing listens there, and no program may without being root. */
const CLOSED = 'http://127.0.0.1:1';
const BUDGET_MS = 300;
/** Of a whole request on a loaded machine, hashing of a password included. */
const SLACK_MS = 3000;

type App = 'patient' | 'hurried' | 'cut off';

const HTML = { 'Content-Type': 'text/html' };
const PAGE = '<html><body>Sign in to the network</body></html>';
const slowly = async (): Promise<StorageBehaviour> => {
  await sleep(2 * BUDGET_MS, undefined, { ref: false });
  return 'forward';
};

/** Which application meets the fault, and what its object store does meanwhile. */
const FAULTS: [string, App, (operation: string) => StorageBehaviour | Promise<StorageBehaviour>][] = [
  ['is away', 'cut off', () => 'forward'],
  ['cuts every connection', 'patient', () => 'cut'],
  ['is silent', 'hurried', () => 'silence'],
  ['is slow', 'hurried', slowly],
  [
    'begins an error and does not end it',
    'hurried',
    () => ({ ...s3Error(500, 'InternalError'), end: 'late' }),
  ],
  ['cuts an error short', 'patient', () => ({ ...s3Error(500, 'InternalError'), end: 'cut' })],
  ['refuses', 'patient', () => s3Error(403, 'AccessDenied')],
  ['knows no such access key', 'patient', () => s3Error(403, 'InvalidAccessKeyId')],
  ['finds the signature wrong', 'patient', () => s3Error(403, 'SignatureDoesNotMatch')],
  ['finds the token expired', 'patient', () => s3Error(400, 'ExpiredToken')],
  ['finds the clocks apart', 'patient', () => s3Error(403, 'RequestTimeTooSkewed')],
  ['throttles', 'patient', () => s3Error(503, 'SlowDown')],
  ['fails', 'patient', () => s3Error(500, 'InternalError')],
  ['has no such bucket', 'patient', () => s3Error(404, 'NoSuchBucket')],
  [
    'is in another region',
    'patient',
    () => s3Error(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' }),
  ],
  ['answers 502 with a page of a proxy', 'patient', () => ({ status: 502, body: PAGE, headers: HTML })],
  ['answers 404 with a page of a proxy', 'patient', () => ({ status: 404, body: PAGE, headers: HTML })],
];

describe('an application whose object store', () => {
  let stub: StorageStub;
  let apps: Record<App, TestApp>;
  let bucket: TestBucket;
  let ada: Account;
  let sent: PendingRecord;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startStorageStub();
    bucket = openTestBucket();
    const patient = await startTestApp({ S3_ENDPOINT: stub.endpoint });
    apps = {
      patient,
      hurried: await startTestApp(
        { S3_ENDPOINT: stub.endpoint, STORAGE_BUDGET_MS: String(BUDGET_MS) },
        patient,
      ),
      'cut off': await startTestApp({ S3_ENDPOINT: CLOSED }, patient),
    };
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(apps.patient);
    sent = await createUpload(apps.patient, ada);
    await send(sent.upload);
  });

  afterAll(async () => {
    bucket.close();
    await Promise.all([apps.hurried.close(), apps['cut off'].close()]);
    await apps.patient.close();
    await stub.close();
  });

  const requests = {
    complete: ({ http }: TestApp) => http.post(`/api/audio-file/${sent.file_id}/complete`),
    delete: ({ http }: TestApp) => http.delete(`/api/audio-file/${sent.file_id}`),
    account: ({ http }: TestApp) => http.delete('/api/user').send({ password: ada.password }),
  };

  /** Everything there is of the account, but for the count by which deleting it begins to end sessions. */
  async function everything(): Promise<unknown> {
    const { users, audioFiles, sessions } = await rowsOf(apps.patient, ada.userId);
    const kept = users.map(
      ({ session_generation: _, kept_sign_in: __, tokens_valid_from: ___, closing_at: ____, ...row }) => row,
    );
    return { users: kept, audioFiles, sessions, objects: await bucket.keysOf(ada) };
  }

  describe.each(FAULTS)('%s', (_fault, name, behaviour) => {
    it.each(['complete', 'delete', 'account'] as const)('answers 503 to "%s"', async (operation) => {
      const before = await everything();
      stub.behave((call) => behaviour(call.operation));
      const began = performance.now();
      const answer = await requests[operation](apps[name]).set(ada.authorization);
      if (name === 'hurried') expect(performance.now() - began).toBeLessThan(BUDGET_MS + SLACK_MS);
      const instance = new URL(answer.request.url).pathname;
      expectProblem(answer, { status: 503, detail: 'The service is temporarily unavailable', instance });
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.text).not.toMatch(
        /aws|amazon|arn:|s3|bucket|secret|denied|slow ?down|econn|xml|html|127\.0/i,
      );
      expect(await everything()).toEqual(before);
      const lines = apps[name].logs.filter(
        (line) => line.request_id === answer.headers['x-request-id'] && line['err'] !== undefined,
      );
      const { storage, aws } = apps[name].config;
      expect(lines).toEqual([
        expect.objectContaining({
          ...{ service: 'S3', operation: expect.stringMatching(/^(Head|Delete|List)Object/) },
          ...{ bucket: storage.bucket, region: aws.region, endpoint: storage.endpoint },
        }),
      ]);

      // What was refused works as soon as the object store serves again.
      stub.behave(() => 'forward');
      const next = name === 'patient' ? apps.patient : await recovered(name);
      await requests[operation](next).set(ada.authorization).expect(200);
    });
  });

  /** The same application, once its object store answers within the budget; one that is cut off for good has a sibling. */
  async function recovered(name: App): Promise<TestApp> {
    if (name === 'cut off') return apps.patient;
    // Of somebody else: an account whose deletion has begun takes nothing any more.
    const bob = await registerAccount(apps.patient);
    const probe = await createUpload(apps.patient, bob);
    for (let status = 503; status === 503;) {
      const path = `/api/audio-file/${probe.file_id}/complete`;
      status = (await apps[name].http.post(path).set(bob.authorization)).status;
    }
    return apps[name];
  }

  it.each<App>(['cut off', 'patient', 'hurried'])(
    'cannot serve still does what needs no object store: %s',
    async (name) => {
      stub.behave(() => 'silence');
      const app = apps[name];
      const authorized = ada.authorization;
      const record = await createAudioFile(app, ada, { s3_key: `audio_upload/${ada.userId}/own.m4a` });
      const outside = await createAudioFile(app, ada);
      const at = `/api/audio-file/${record.file_id}`;
      expect((await app.http.get(at).set(authorized).expect(200)).body).toEqual(record);
      const listed = await app.http.get('/api/user/audio-files').set(authorized).expect(200);
      expect(listed.body).toHaveLength(3);
      const fresh = await createUpload(app, ada);
      expect(fresh.upload.url).toContain(fresh.s3_key);
      await app.http.get(`${at}/download-url`).set(authorized).expect(200);
      const key = `audio_upload/${ada.userId}/chosen.m4a`;
      await app.http.get('/api/presigned-url').query({ key }).set(authorized).expect(200);
      await app.http.patch(at).set(authorized).send({ title: 'Monday' }).expect(200);
      await app.http.get('/api/user/usage').set(authorized).expect(200);
      // Its audio is not kept here.
      await app.http.delete(`/api/audio-file/${outside.file_id}`).set(authorized).expect(200);
      await app.http.get('/api/health').expect(200);
      expect(stub.calls).toEqual([]);
    },
  );

  it('keeps one of the objects keeps the account, the records and the sessions', async () => {
    const errors = '<Error><Key>k</Key><Code>AccessDenied</Code><Message>secret</Message></Error>';
    const body = `<DeleteResult>${errors.replace('k', sent.s3_key)}</DeleteResult>`;
    stub.behave(({ operation }) =>
      operation === 'DeleteObjects'
        ? { status: 200, body, headers: { 'Content-Type': 'application/xml' } }
        : 'forward',
    );
    const before = await everything();
    const answer = await requests.account(apps.patient).set(ada.authorization);
    const detail = 'The service is temporarily unavailable';
    expectProblem(answer, { status: 503, detail, instance: '/api/user' });
    expect(await everything()).toEqual(before);
  });

  it('lacks object and bucket, or hides the bucket, answers 503 and not that nothing was uploaded', async () => {
    const missing = await createUpload(apps.patient, ada);
    const complete = () =>
      apps.patient.http.post(`/api/audio-file/${missing.file_id}/complete`).set(ada.authorization);
    await complete().expect(409);
    stub.behave(({ operation }) => (operation === 'HeadBucket' ? { status: 404 } : 'forward'));
    await complete().expect(503);
    expect(stub.calls).toEqual(['HeadObject', 'HeadBucket']);
    stub.behave(({ operation }) => (operation === 'HeadBucket' ? { status: 403 } : 'forward'));
    await complete().expect(503);
  });

  describe.each([PAGE, 'garbage', ''])('is hidden behind a proxy that answers 200 with "%s"', (body) => {
    const page = { status: 200, body, headers: HTML };

    it.each(['complete', 'delete', 'account'] as const)('answers 503 to "%s"', async (operation) => {
      const before = await everything();
      stub.behave(() => page);
      const { status } = await requests[operation](apps.patient).set(ada.authorization);
      expect({ status, left: await everything() }).toEqual({ status: 503, left: before });
    });

    it('answers 503 to "account" where only the deletion of the objects meets it', async () => {
      const before = await everything();
      stub.behave(({ operation }) => (operation === 'DeleteObjects' ? page : 'forward'));
      const { status } = await requests.account(apps.patient).set(ada.authorization);
      expect({ status, left: await everything() }).toEqual({ status: 503, left: before });
    });
  });
});
