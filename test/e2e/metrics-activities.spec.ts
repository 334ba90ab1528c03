import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { added, samplesOf, settled, sum } from '../support/metric-samples.js';
import { createUpload, send } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';
const ACTIVITIES = 'activity_total';

describe('metrics of activities', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ METRICS_PORT: '0', RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1000' });
    ada = await registerAccount(app);
    await list().expect(200);
  });

  afterAll(() => app.close());

  const list = (account = ada) => app.http.get(LIST).set(account.authorization);

  it('count what people did', async () => {
    const counts = async (work: () => PromiseLike<unknown>) => {
      const counted = await added(app, work);
      const activities = (await samplesOf(app)).filter(({ name }) => name === ACTIVITIES);
      return Object.fromEntries(
        activities
          .map(({ labels }) => [labels['activity'], counted(ACTIVITIES, labels)] as const)
          .filter(([, count]) => count > 0),
      );
    };
    let bob = ada;
    expect(await counts(async () => (bob = await registerAccount(app)))).toEqual({ registration: 1 });
    expect(await counts(() => signIn(app, bob))).toEqual({ login: 1 });
    let record: { file_id: string; upload: Parameters<typeof send>[0] } | undefined;
    expect(await counts(async () => (record = await createUpload(app, bob)))).toEqual({
      'audio-file-created': 1,
    });
    if (!record) throw new Error('No record');
    const { file_id: fileId, upload } = record;
    const complete = () => app.http.post(`/api/audio-file/${fileId}/complete`).set(bob.authorization);
    expect(await counts(() => complete().expect(409))).toEqual({});
    expect(await send(upload)).toBe(200);
    expect(await counts(() => complete().expect(200))).toEqual({ 'upload-completed': 1 });
    expect(await counts(() => complete().expect(200))).toEqual({});
    const download = () => app.http.get(`/api/audio-file/${fileId}/download-url`).set(bob.authorization);
    expect(await counts(() => download().expect(200))).toEqual({ download: 1 });
    const remove = () => app.http.delete(`/api/audio-file/${fileId}`).set(bob.authorization);
    expect(await counts(() => remove().expect(200))).toEqual({ 'audio-file-deleted': 1 });
    expect(await counts(() => remove().expect(404))).toEqual({});
    const leave = () => app.http.delete('/api/user').set(bob.authorization).send({ password: bob.password });
    expect(await counts(() => leave().expect(200))).toEqual({ 'account-deleted': 1 });
    const wrong = { email: ada.email, password: 'wrong password' };
    expect(await counts(() => app.http.post('/api/login').send(wrong).expect(401))).toEqual({});
  });

  it('count each of many records made and deleted at once', async () => {
    const path = '/api/user/audio-files';
    const items = Array.from({ length: 3 }, (_, i) => ({ s3_key: `recordings/${i}.m4a` }));
    let ids: string[] = [];
    const created = await added(app, async () => {
      const { body } = await app.http.post(`${path}/batch-create`).set(ada.authorization).send({ items });
      ids = (body.results as { audio_file: { file_id: string } }[]).map(
        ({ audio_file: file }) => file.file_id,
      );
    });
    expect(created(ACTIVITIES, { activity: 'audio-file-created' })).toBe(3);
    const deleted = await added(app, () =>
      app.http.post(`${path}/batch-delete`).set(ada.authorization).send({ file_ids: ids }),
    );
    expect(deleted(ACTIVITIES, { activity: 'audio-file-deleted' })).toBe(3);
  });

  it('count the users of today, whoever proved to be one', async () => {
    const before = sum(await settled(app), 'active_users_today');
    const [bob, eve] = [await registerAccount(app), await registerAccount(app)];
    for (const account of [bob, eve, bob, ada]) await list(account).expect(200);
    await app.http.get(LIST).set('Authorization', `Bearer ${bob.token}x`).expect(401);
    expect(sum(await settled(app), 'active_users_today')).toBe(before + 2);
  });
});
