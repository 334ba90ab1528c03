import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { problemBody } from '../support/problem-body.js';
import { expectProblem } from '../support/problems.js';
import {
  batch,
  BATCHES,
  create,
  full,
  itemsOf,
  PATH,
  QuotaScene,
  statuses,
  stored,
  times,
} from '../support/quota-scene.js';

describe('a quota', () => {
  let scene: QuotaScene;

  beforeAll(async () => {
    scene = await QuotaScene.open();
  });

  afterEach(() => scene.stop());

  afterAll(() => scene.close());

  it('of files lets a user have as many and no more, and nobody else have less', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '3' });
    const [ada, bob] = [await registerAccount(app), await registerAccount(app)];
    for (let i = 0; i < 3; i++) await createAudioFile(app, ada);
    for (let i = 0; i < 2; i++) {
      const answer = await create(app, ada);
      expectProblem(answer, { status: 403, detail: full(3), instance: PATH });
      expect(answer.headers['retry-after']).toBeUndefined();
    }
    expect(await stored(app, ada)).toBe(3);
    await createAudioFile(app, bob);
  });

  it('of bytes counts what is announced, to the byte, and nothing where no size is', async () => {
    const app = await scene.start({ MAX_BYTES_PER_USER: '1000' });
    const ada = await registerAccount(app);
    await createAudioFile(app, ada, { file_size: 400 });
    const upload = { s3_key: undefined, content_type: 'audio/wav' };
    const detail = 'You can keep at most 1000 bytes of audio';
    const tooMuch = await create(app, ada, { ...upload, file_size: 601 });
    expectProblem(tooMuch, { status: 403, detail, instance: PATH });
    await createAudioFile(app, ada, { ...upload, file_size: 600 });
    expectProblem(await create(app, ada, { file_size: 1 }), { status: 403, detail, instance: PATH });
    await createAudioFile(app, ada, { file_size: 0 });
    await createAudioFile(app, ada, { file_size: null });
    expect(await stored(app, ada)).toBe(4);
  });

  it('counts what was there before the application started', async () => {
    const before = await scene.start({});
    const ada = await registerAccount(before);
    await batch(before, 'batch-create', ada, { items: itemsOf(5) });
    const app = await scene.start({ MAX_FILES_PER_USER: '5' }, before);
    expectProblem(await create(app, ada), { status: 403, detail: full(5), instance: PATH });
  });

  it('has room again at once when something is deleted, one by one or many together', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '2', MAX_BYTES_PER_USER: '20' });
    const ada = await registerAccount(app);
    const first = await createAudioFile(app, ada, { file_size: 10 });
    const second = await createAudioFile(app, ada, { file_size: 10 });
    await create(app, ada).expect(403);
    await app.http.delete(`${PATH}/${first.file_id}`).set(ada.authorization).expect(200);
    const third = await createAudioFile(app, ada, { file_size: 10 });
    await create(app, ada).expect(403);
    await batch(app, 'batch-delete', ada, { file_ids: [second.file_id, third.file_id, second.file_id] });
    await createAudioFile(app, ada, { file_size: 20 });
    await createAudioFile(app, ada, { file_size: 0 });
    await create(app, ada).expect(403);
  });

  it('makes no more room than was deleted, also where one deletion comes many times at once', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '5' });
    const ada = await registerAccount(app);
    const made = await batch(app, 'batch-create', ada, { items: itemsOf(5) });
    const file_ids = [made[0]?.audio_file?.file_id];
    await Promise.all(Array.from({ length: 5 }, () => batch(app, 'batch-delete', ada, { file_ids })));
    const outcomes = await batch(app, 'batch-create', ada, { items: itemsOf(5) });
    expect(outcomes.map(({ status }) => status)).toEqual([201, ...times(4, 403)]);
    expect(await stored(app, ada)).toBe(5);
  });

  it('lets in the items of a batch up to the limit, in order', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const outcomes = await batch(app, 'batch-create', ada, { items: itemsOf(13) });
    const path = `${BATCHES}/batch-create`;
    expect(outcomes.map(({ status }) => status)).toEqual([...times(10, 201), ...times(3, 403)]);
    expect(outcomes[12]).toEqual({ status: 403, problem: problemBody(403, full(10), path) });
    expect(await stored(app, ada)).toBe(10);
  });

  it.each([
    ['without a key', undefined],
    ['with keys', () => randomUUID()],
  ])('of 10 lets in exactly 10 of 50 requests at once, %s', async (_case, key) => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(app, ada, {}, key?.())));
    expect(statuses(answers)).toEqual([...times(10, 201), ...times(40, 403)]);
    expect(await stored(app, ada)).toBe(10);
  });

  it('of 10 lets in at most 10 an instance where two count on their own', async () => {
    const first = await scene.start({ MAX_FILES_PER_USER: '10' });
    const second = await scene.start({ MAX_FILES_PER_USER: '10' }, first);
    const ada = await registerAccount(first);
    const there = await signIn(second, ada);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => create(n % 2 === 0 ? first : second, n % 2 === 0 ? ada : there)),
    );
    const granted = [0, 1].map(
      (instance) => answers.filter(({ status }, n) => n % 2 === instance && status === 201).length,
    );
    expect(new Set(statuses(answers))).toEqual(new Set([201, 403]));
    for (const count of granted) expect(count).toBeLessThanOrEqual(10);
    const total = (granted[0] ?? 0) + (granted[1] ?? 0);
    expect(total).toBeGreaterThanOrEqual(10);
    expect(await stored(first, ada)).toBe(total);
    await create(first, ada).expect(403);
    await create(second, there).expect(403);
  });

  it('is counted once for many records, and costs nothing where there is none', async () => {
    const [free, limited] = [await scene.start({}), await scene.start({ MAX_FILES_PER_USER: '100' })];
    for (const [app, reads] of [
      [free, []],
      [limited, ['Query']],
    ] as const) {
      const ada = await registerAccount(app);
      await app.http.get('/api/user').set(ada.authorization).expect(200);
      scene.stub.behave(() => 'forward');
      for (let i = 0; i < 3; i++) await createAudioFile(app, ada);
      const others = scene.stub.calls.filter((operation) => operation !== 'BatchGetItem');
      expect(others).toEqual([...reads, 'PutItem', 'PutItem', 'PutItem']);
      // Whether the sign-in has ended is asked each time.
      expect(scene.stub.calls).toHaveLength(others.length + 3);
    }
  });
});
