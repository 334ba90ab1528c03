import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CHANGED, ChangeScene } from '../support/change-scene.js';
import type { Behaviour } from '../support/database-stub.js';
import { expectProblem } from '../support/problems.js';

describe('PATCH /api/audio-file/{file_id}', () => {
  let scene: ChangeScene;

  beforeAll(async () => {
    scene = await ChangeScene.start();
  });

  beforeEach(() => scene.arrange());

  afterAll(() => scene.close());

  describe('many times at once', () => {
    it.each([
      ['of a record never changed', false],
      ['of a record changed before', true],
    ])('lets one of twenty at once through, %s', async (_case, changedBefore) => {
      const seen = changedBefore
        ? ((await scene.patch({ title: 'x' })).headers['etag'] as string)
        : scene.etag;
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) =>
          scene.patch({ title: `Title ${n}` }, { 'If-Match': seen }),
        ),
      );
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      for (const answer of answers) {
        if (answer.status !== 200) expectProblem(answer, { ...CHANGED, instance: scene.path });
      }
      const now = await scene.get().expect(200);
      expect(now.body).toEqual(winners[0]?.body);
      expect(now.headers['etag']).toBe(winners[0]?.headers['etag']);
      expect(await scene.stored()).toMatchObject({ version: changedBefore ? 2 : 1 });
    });

    // RFC 9110 §13.1.1 allows a 2xx where the change is there already.
    it('changes the record once for twenty at once that want the same', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => scene.patch({ title: 'Tuesday' }, { 'If-Match': scene.etag })),
      );
      const now = await scene.get().expect(200);
      for (const answer of answers) {
        if (answer.status !== 200) expectProblem(answer, { ...CHANGED, instance: scene.path });
        else expect(answer.headers['etag']).toBe(now.headers['etag']);
      }
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(412)]);
      expect(now.body).toEqual({ ...scene.record, title: 'Tuesday' });
      expect(await scene.stored()).toMatchObject({ version: 1 });
    });

    it('loses none of twenty at once that do not care, and counts each', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) =>
          scene.patch(n % 2 ? { title: `T${n}` } : { tags: [`t${n}`] }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(await scene.stored()).toMatchObject({
        title: expect.stringMatching(/^T\d+$/),
        tags: [expect.stringMatching(/^t\d+$/)],
        version: 20,
      });
    });
  });

  describe('where something goes wrong on the way', () => {
    it.each([
      ['sets', { title: 'Tuesday', tags: ['c'] }, { title: 'Tuesday', tags: ['c'] }],
      ['removes', { title: null, tags: null }, { title: null, tags: [] }],
    ])(
      'takes its own first try for no other change, when it %s and the answer is lost',
      async (_case, body, shown) => {
        scene.stub.behave(({ operation, attempt }) =>
          operation === 'UpdateItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
        );
        const answer = await scene.patch(body, { 'If-Match': scene.etag }).expect(200);
        expect(scene.writes()).toEqual(['UpdateItem', 'UpdateItem']);
        expect(answer.body).toEqual({ ...scene.record, ...shown });
        expect(await scene.stored()).toMatchObject({ version: 1 });
        expect((await scene.get().expect(200)).headers['etag']).toBe(answer.headers['etag']);
      },
    );

    it('is done, too, where a lost answer meets no If-Match', async () => {
      scene.stub.behave(({ operation, attempt }) =>
        operation === 'UpdateItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
      );
      const answer = await scene.patch({ title: 'Tuesday' }).expect(200);
      expect(answer.body).toEqual({ ...scene.record, title: 'Tuesday' });
      expect((await scene.get().expect(200)).headers['etag']).toBe(answer.headers['etag']);
    });

    it('is a 412 where somebody else changed the record after the first try was lost', async () => {
      let row: Record<string, unknown> | undefined;
      scene.stub.behave(async ({ operation, attempt }): Promise<Behaviour> => {
        if (operation !== 'UpdateItem') return 'forward';
        if (attempt === 1) return 'cut';
        row = { ...(await scene.stored()), title: 'Wednesday', version: 1 };
        await scene.putRow(row);
        return 'forward';
      });
      const answer = await scene.patch({ title: 'Tuesday' }, { 'If-Match': scene.etag });
      expectProblem(answer, { ...CHANGED, instance: scene.path });
      expect(await scene.stored()).toEqual(row);
    });

    it.each([
      ['whoever does not care', () => ({})],
      ['whoever saw it', () => ({ 'If-Match': scene.etag })],
      ['whoever wants any', () => ({ 'If-Match': '*' })],
    ])('is a 404 for %s where the record is deleted meanwhile, and makes none', async (_case, headers) => {
      scene.stub.behave(async ({ operation }): Promise<Behaviour> => {
        if (operation === 'UpdateItem') await scene.deleteRow();
        return 'forward';
      });
      const answer = await scene.patch({ title: 'Tuesday' }, headers());
      expectProblem(answer, { status: 404, detail: 'Audio file not found', instance: scene.path });
      expect(scene.writes()).toEqual(['UpdateItem']);
      expect(await scene.stored()).toBeUndefined();
    });

    it('is a 503 where the write never arrives, and changes nothing', async () => {
      const row = await scene.stored();
      scene.stub.behave(({ operation }) => (operation === 'UpdateItem' ? 'cut' : 'forward'));
      const answer = await scene.patch({ title: 'Tuesday' }, { 'If-Match': scene.etag });
      const detail = 'The service is temporarily unavailable';
      expectProblem(answer, { status: 503, detail, instance: scene.path });
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(await scene.stored()).toEqual(row);
    });
  });
});
