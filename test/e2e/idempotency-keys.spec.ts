import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Account, registerAccount } from '../support/accounts.js';
import { createWithKey, listRecords, monday } from '../support/keyed-creation.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';

describe('the Idempotency-Key of POST /api/audio-file', () => {
  let app: TestApp;
  let ada: Account;
  let key: string;

  beforeAll(async () => {
    adoptNativeErrors();
    app = await startTestApp();
  });

  beforeEach(async () => {
    ada = await registerAccount(app);
    key = randomUUID();
  });

  afterAll(() => app.close());

  const create = (body: object, idempotencyKey = key, account = ada) =>
    createWithKey(app, account, idempotencyKey, body);
  const list = (account: Account) => listRecords(app, account);

  it('is one key where the header comes more than once with the same value', async () => {
    const send = async (name: string | string[], body: object = monday) =>
      sendRaw(app, 'POST', PATH, {
        headers: {
          ...ada.authorization,
          ...{ 'Content-Type': 'application/json', 'Idempotency-Key': name },
        },
        body: JSON.stringify(body),
      });
    const first = await send(key);
    const repeated = [await send([key, key]), await send([key, key, key]), await send(`${key}, ${key}`)];
    expect(first.status).toBe(201);
    for (const answer of repeated) {
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: first.body });
    }
    const message = 'Idempotency-Key must be one key';
    const errors = [{ field: 'Idempotency-Key', message }];
    const refused = await send([key, randomUUID()]);
    expectProblem(refused, { status: 400, detail: message, instance: PATH, errors });
    expect((await send('a, b', { s3_key: 'a' })).status).toBe(201);
    expect((await send('a, b', { s3_key: 'b' })).status).toBe(422);
    expect(await list(ada)).toHaveLength(2);
  });

  it('keeps the keys of two users apart', async () => {
    const bob = await registerAccount(app);
    const { body: hers } = await create(monday).expect(201);
    const { body: his } = await create({ s3_key: 'recordings/bob.m4a' }, key, bob).expect(201);
    expect(his.file_id).not.toBe(hers.file_id);
    expect([await list(ada), await list(bob)]).toEqual([[hers], [his]]);
  });

  it('tells keys apart that differ in the case of a letter', async () => {
    const { body: first } = await create(monday, 'key').expect(201);
    const { body: second } = await create(monday, 'KEY').expect(201);
    expect(second.file_id).not.toBe(first.file_id);
  });

  it.each([
    ['is empty', ''],
    ['has 256 characters', 'k'.repeat(256)],
    ['has a control character', 'a\tb'],
    ['has a letter beyond ASCII', 'kéy'],
    ['has the bytes of an emoji', Buffer.from('💚').toString('latin1')],
  ])('answers 400 to a key that %s, and writes nothing', async (_case, bad) => {
    const headers = { ...ada.authorization, 'Content-Type': 'application/json', 'Idempotency-Key': bad };
    const answer = await sendRaw(app, 'POST', PATH, { headers, body: JSON.stringify(monday) });
    const message = 'Idempotency-Key must be 1 to 255 printable ASCII characters';
    const errors = [{ field: 'Idempotency-Key', message }];
    expectProblem(answer, { status: 400, detail: message, instance: PATH, errors });
    expect((await rowsOf(app, ada.userId)).audioFiles).toEqual([]);
  });

  it.each([
    ['one character', '!'],
    ['255 characters', 'k'.repeat(255)],
    ['a space within', 'a ~b'],
  ])('takes a key of %s', async (_case, good) => {
    const { body } = await create(monday, good).expect(201);
    expect((await create(monday, good).expect(200)).body).toEqual(body);
  });

  it('has one record a key, with what came first, whatever is sent in whatever order', async () => {
    const contents = [monday, { s3_key: 'a' }, { s3_key: 'b', title: 'b' }, { s3_key: 'b', tags: ['b'] }];
    const request = fc.record({
      key: fc.constantFrom('k', 'K', 'k k', '0', '["k"]'),
      content: fc.constantFrom(...contents),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 15 }), async (requests) => {
        const account = await registerAccount(app);
        const model = new Map<string, { content: object; body: unknown }>();
        for (const { key: name, content } of requests) {
          const known = model.get(name);
          const { status, body } = await create(content, name, account);
          if (known === undefined) model.set(name, { content, body });
          expect(status).toBe(known === undefined ? 201 : known.content === content ? 200 : 422);
          if (status === 200) expect(body).toEqual(known?.body);
        }
        for (const { content, body } of model.values()) expect(body).toMatchObject(content);
        const made = [...model.values()].map(({ body }) => body);
        const listed = await list(account);
        expect(listed).toHaveLength(made.length);
        expect(listed).toEqual(expect.arrayContaining(made));
      }),
      { numRuns: 30 },
    );
  });
});
