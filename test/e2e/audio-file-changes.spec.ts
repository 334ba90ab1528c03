import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { recordBody } from '../support/audio-file-body.js';
import { ChangeScene } from '../support/change-scene.js';
import { expectProblem } from '../support/problems.js';

const MERGE_PATCH = 'application/merge-patch+json';

describe('PATCH /api/audio-file/{file_id} as a merge patch', () => {
  let scene: ChangeScene;

  beforeAll(async () => {
    scene = await ChangeScene.start();
  });

  beforeEach(() => scene.arrange());

  afterAll(() => scene.close());

  it.each([
    ['sets a title, and leaves the tags', { title: 'Tuesday' }, { title: 'Tuesday' }],
    ['sets tags, and leaves the title', { tags: ['c'] }, { tags: ['c'] }],
    ['sets both', { title: 'früh 💚', tags: ['ü'] }, { title: 'früh 💚', tags: ['ü'] }],
    ['removes a title that is null', { title: null }, { title: null }],
    ['removes tags that are null', { tags: null }, { tags: [] }],
    ['removes tags of which none is left', { tags: [] }, { tags: [] }],
    ['removes both', { title: null, tags: null }, { title: null, tags: [] }],
    ['sets one and removes the other', { title: null, tags: ['c'] }, { title: null, tags: ['c'] }],
    ['replaces the whole list', { tags: ['b', 'c', 'd'] }, { tags: ['b', 'c', 'd'] }],
    ['keeps the order of the list', { tags: ['b', 'a'] }, { tags: ['b', 'a'] }],
    ['takes a tag that comes twice once', { tags: ['c', 'a', 'c', 'c'] }, { tags: ['c', 'a'] }],
    ['takes the longest there may be', { title: '💚'.repeat(200) }, { title: '💚'.repeat(200) }],
    [
      'changes nothing else, whatever is sent',
      { title: 'x', file_id: 'x', user_id: 'x', s3_key: 'x', file_size: 1, status: 'pending', version: 7 },
      { title: 'x' },
    ],
  ])('%s', async (_case, changes, shown) => {
    const row = await scene.stored();
    const answer = await scene.patch(changes).expect(200);
    const expected = { ...scene.record, ...shown };
    expect(answer.body).toEqual(expected);
    expect((await scene.get().expect(200)).body).toEqual(expected);
    const { title, tags } = expected as unknown as { title: string | null; tags: string[] };
    // The database keeps no attribute that is undefined.
    const wanted = { title: title ?? undefined, tags: tags.length > 0 ? tags : undefined };
    expect({ title: undefined, tags: undefined, ...(await scene.stored()) }).toStrictEqual({
      ...row,
      ...wanted,
      version: 1,
    });
  });

  it.each([['application/json'], [MERGE_PATCH], [`${MERGE_PATCH}; charset=utf-8`]])(
    'is read from a body of type %s',
    async (type) => {
      const answer = await scene.app.http
        .patch(scene.path)
        .set(scene.ada.authorization)
        .set('Content-Type', type)
        .send(JSON.stringify({ title: 'Tuesday' }))
        .expect(200);
      expect(answer.body).toEqual({ ...scene.record, title: 'Tuesday' });
    },
  );

  it.each([['application/json-patch+json'], ['text/plain'], ['application/x-www-form-urlencoded']])(
    'is not read from a body of type %s',
    async (type) => {
      const answer = await scene.app.http
        .patch(scene.path)
        .set(scene.ada.authorization)
        .set('Content-Type', type)
        .send('{}');
      const detail =
        'The request body must be JSON in UTF-8 with Content-Type: application/json or application/merge-patch+json';
      expectProblem(answer, { status: 415, detail, instance: scene.path });
      for (const name of ['accept-patch', 'accept']) {
        expect(answer.headers[name]).toBe('application/json, application/merge-patch+json');
      }
    },
  );

  it('is no type of a body for any other method', async () => {
    const instance = '/api/audio-file';
    const answer = await scene.app.http
      .post(instance)
      .set(scene.ada.authorization)
      .set('Content-Type', MERGE_PATCH)
      .send(JSON.stringify({ s3_key: 'a' }));
    const detail = 'The request body must be JSON in UTF-8 with Content-Type: application/json';
    expectProblem(answer, { status: 415, detail, instance });
    expect(answer.headers['accept']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('accept-patch');
  });

  it('changes a row of the older backend, which has no version', async () => {
    const older = {
      file_id: scene.fileId,
      user_id: scene.ada.userId,
      s3_key: 'a.m4a',
      uploaded_at: 1_758_762_381.5,
    };
    await scene.putRow(older);
    const seen = (await scene.get().expect(200)).headers['etag'] as string;
    const { body } = await scene.patch({ title: 'Old' }, { 'If-Match': seen }).expect(200);
    expect(body).toEqual(
      recordBody({
        ...{ file_id: scene.fileId, user_id: scene.ada.userId, s3_key: 'a.m4a' },
        ...{ uploaded_at: '2025-09-25T01:06:21Z', title: 'Old' },
      }),
    );
    expect(await scene.stored()).toEqual({ ...older, title: 'Old', version: 1 });
  });

  it.each([
    ['is empty', {}],
    ['has only unknown fields', { transcript: 'x' }],
    ['says what is so already', { title: 'Monday', tags: ['a', 'b', 'a'] }],
  ])('writes nothing where it %s', async (_case, body) => {
    const row = await scene.stored();
    for (const headers of [{}, { 'If-Match': scene.etag }]) {
      const answer = await scene.patch(body, headers).expect(200);
      expect(answer.body).toEqual(scene.record);
      expect(answer.headers['etag']).toBe(scene.etag);
    }
    expect(scene.writes()).toEqual([]);
    expect(await scene.stored()).toEqual(row);
  });

  it('writes nothing where there is no body at all', async () => {
    const answer = await scene.app.http.patch(scene.path).set(scene.ada.authorization).expect(200);
    expect(answer.body).toEqual(scene.record);
    expect(scene.writes()).toEqual([]);
  });

  it('clears the title by an empty text, as by null', async () => {
    const cleared = await scene.patch({ title: '' }).expect(200);
    expect(cleared.body).toEqual({ ...scene.record, title: null });
    const again = await scene.patch({ title: null }).expect(200);
    expect(again.headers['etag']).toBe(cleared.headers['etag']);
  });

  it('writes nothing where it removes what is not there', async () => {
    const first = await scene.patch({ title: null, tags: null }).expect(200);
    const again = await scene.patch({ title: null, tags: [] }).expect(200);
    expect(again.headers['etag']).toBe(first.headers['etag']);
    expect(scene.writes()).toEqual(['UpdateItem']);
  });
});
