import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { dynamoDbError } from '../support/database-stub.js';
import { expectProblem } from '../support/problems.js';
import { batch, create, itemsOf, PATH, QuotaScene, statuses, stored, times } from '../support/quota-scene.js';

describe('a quota, where requests are repeated or fail', () => {
  let scene: QuotaScene;

  beforeAll(async () => {
    scene = await QuotaScene.open();
  });

  afterEach(() => scene.stop());

  afterAll(() => scene.close());

  it('that is full lets a repeated request have its record, and 422 be what it is', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '1' });
    const ada = await registerAccount(app);
    const { body } = await create(app, ada, {}, 'k').expect(201);
    expect((await create(app, ada, {}, 'k').expect(200)).body).toEqual(body);
    await create(app, ada, { title: 'another' }, 'k').expect(422);
    await create(app, ada, {}, 'another').expect(403);
    expect((await create(app, ada, {}, 'k').expect(200)).body).toEqual(body);
  });

  it('counts nothing for repeated requests: one batch again and again leaves the room there was', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const items = itemsOf(9, (n) => ({ client_id: `c${n}` }));
    await batch(app, 'batch-create', ada, { items });
    for (let i = 0; i < 3; i++) await batch(app, 'batch-create', ada, { items });
    await create(app, ada).expect(201);
    await create(app, ada).expect(403);
  });

  it('has room for what is new in a batch that is repeated because a part of it failed', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const items = itemsOf(10, (n) => ({ client_id: `c${n}` }));
    await batch(app, 'batch-create', ada, { items: items.slice(0, 9) });
    const outcomes = await batch(app, 'batch-create', ada, { items });
    expect(outcomes.map(({ status }) => status)).toEqual([...times(9, 200), 201]);
  });

  it('has room again for the items of a batch that the database left undone', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    scene.stub.behave(({ operation }) =>
      operation === 'BatchWriteItem' ? { leave: ({ s3_key }) => /[5-9]$/.test(s3_key?.S ?? '') } : 'forward',
    );
    const first = await batch(app, 'batch-create', ada, { items: itemsOf(10) });
    scene.stub.behave(() => 'forward');
    const again = await batch(app, 'batch-create', ada, { items: itemsOf(10).slice(5) });
    expect(statuses([...first, ...again])).toEqual([...times(10, 201), ...times(5, 503)]);
    expect(await stored(app, ada)).toBe(10);
  });

  it('counts a record whose write was applied while the answer was lost', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '2' });
    const ada = await registerAccount(app);
    scene.stub.behave(({ operation, attempt }) =>
      operation === 'PutItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
    );
    expect((await create(app, ada, {}, 'k')).status).toBeLessThan(300);
    expect(statuses([await create(app, ada), await create(app, ada)])).toEqual([201, 403]);
    expect(await stored(app, ada)).toBe(2);
  });

  it.each([
    ['without a key', undefined],
    ['with one', 'k'],
  ])('has room again after a write that failed of itself, and no outage: %s', async (_how, key) => {
    const app = await scene.start({ MAX_FILES_PER_USER: '1' });
    const ada = await registerAccount(app);
    const defect = dynamoDbError(400, 'ValidationException');
    for (let round = 0; round < 3; round++) {
      scene.stub.behave(({ operation }) => (operation === 'PutItem' ? defect : 'forward'));
      await create(app, ada, {}, key).expect(500);
      scene.stub.behave(() => 'forward');
    }
    const { body } = await create(app, ada, {}, key).expect(201);
    await create(app, ada).expect(403);
    // The same of a deletion: what was deleted without being told is counted.
    const at = `${PATH}/${body.file_id}`;
    scene.stub.behave(({ operation }) => (operation === 'DeleteItem' ? 'forward-then-cut' : 'forward'));
    await app.http.delete(at).set(ada.authorization).expect(503);
    scene.stub.behave(() => 'forward');
    await create(app, ada).expect(201);
  });

  it('that cannot be counted lets nothing in, and says so as an outage', async () => {
    const app = await scene.start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    scene.stub.behave(({ operation }) => (operation === 'Query' ? 'cut' : 'forward'));
    const detail = 'The service is temporarily unavailable';
    expectProblem(await create(app, ada), { status: 503, detail, instance: PATH });
    scene.stub.behave(() => 'forward');
    await create(app, ada).expect(201);
  });
});
