import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChangeScene } from '../support/change-scene.js';
import { expectProblem } from '../support/problems.js';

describe('PATCH /api/audio-file/{file_id} refuses, and writes nothing for,', () => {
  let scene: ChangeScene;

  beforeAll(async () => {
    scene = await ChangeScene.start();
  });

  beforeEach(() => scene.arrange());

  afterAll(() => scene.close());

  it.each([
    ['a title that is a number', { title: 5 }, 'title must be a string'],
    ['a title that is a list', { title: ['Monday'] }, 'title must be a string'],
    ['a title that is too long', { title: 'x'.repeat(201) }, 'title must be at most 200 characters'],
    ['half of a character as a title', { title: '\ud800' }, 'title must be valid Unicode'],
    ['tags that are a text', { tags: 'a' }, 'tags must be a list'],
    ['tags that are an object', { tags: { 0: 'a' } }, 'tags must be a list'],
    ['21 tags', { tags: [...Array(21).keys()].map(String) }, 'tags must have at most 20 entries'],
    ['an empty tag', { tags: ['a', ''] }, 'tags must have only good entries: number 2 must not be empty'],
    ['a number as a tag', { tags: [5] }, 'tags must have only good entries: number 1 must be a string'],
    ['null as a tag', { tags: [null] }, 'tags must have only good entries: number 1 is required'],
    [
      'a tag that is too long',
      { tags: ['x'.repeat(41)] },
      'tags must have only good entries: number 1 must be at most 40 characters',
    ],
    ['a list', [{ title: 'x' }], 'The request body must be a JSON object'],
  ])('%s', async (_case, body, message) => {
    const row = await scene.stored();
    const answer = await scene.patch(body);
    const field = Array.isArray(body) ? 'body' : Object.keys(body)[0];
    const errors = [{ field: field ?? '', message }];
    expectProblem(answer, { status: 400, detail: message, instance: scene.path, errors });
    expect(await scene.stored()).toEqual(row);
  });

  it('a good title beside bad tags', async () => {
    const row = await scene.stored();
    const errors = [{ field: 'tags', message: 'tags must be a list' }];
    const answer = await scene.patch({ title: 'Tuesday', tags: 7 });
    expectProblem(answer, { status: 400, detail: 'tags must be a list', instance: scene.path, errors });
    expect(await scene.stored()).toEqual(row);
  });

  it('whoever has no token', async () => {
    const answer = await scene.app.http.patch(scene.path).send({ title: 'x' });
    expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: scene.path });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(scene.writes()).toEqual([]);
  });

  it('whoever has a bad token', async () => {
    const answer = await scene.patch(
      { title: 'x' },
      { Authorization: `Bearer ${scene.ada.token.slice(0, -4)}AAAA` },
    );
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: scene.path });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(scene.writes()).toEqual([]);
  });

  it.each([
    ['as it is', {}],
    ['at any version', { 'If-Match': '*' }],
    ['at a version that is not theirs to know', { 'If-Match': '"0-0"' }],
  ])('a stranger who wants the record %s', async (_case, headers) => {
    const row = await scene.stored();
    for (const body of [{ title: 'x' }, {}]) {
      const answer = await scene.patch(body, { ...scene.eve.authorization, ...headers });
      expectProblem(answer, { status: 403, detail: 'Access denied', instance: scene.path });
      expect(answer.headers).not.toHaveProperty('etag');
    }
    expect(scene.writes()).toEqual([]);
    expect(await scene.stored()).toEqual(row);
  });

  it.each([[randomUUID()], ['monday'], ['__proto__']])('an id that no record has, %s', async (id) => {
    const instance = `/api/audio-file/${id}`;
    const answer = await scene.app.http.patch(instance).set(scene.ada.authorization).send({ title: 'x' });
    expectProblem(answer, { status: 404, detail: 'Audio file not found', instance });
  });
});
