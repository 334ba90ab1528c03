import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAudioFile } from '../support/accounts.js';
import { CHANGED, ChangeScene } from '../support/change-scene.js';
import { expectProblem } from '../support/problems.js';

describe('PATCH /api/audio-file/{file_id} with ETag and If-Match', () => {
  let scene: ChangeScene;

  beforeAll(async () => {
    scene = await ChangeScene.start();
  });

  beforeEach(() => scene.arrange());

  afterAll(() => scene.close());

  it('names each state of the record once, the same in every answer', async () => {
    expect(scene.etag).toMatch(/^"[^"]+"$/);
    expect((await scene.get().expect(200)).headers['etag']).toBe(scene.etag);
    const changed = await scene.patch({ title: 'Tuesday' }).expect(200);
    const back = await scene.patch({ title: 'Monday' }).expect(200);
    expect((await scene.get().expect(200)).headers['etag']).toBe(back.headers['etag']);
    expect(new Set([scene.etag, changed.headers['etag'], back.headers['etag']]).size).toBe(3);
  });

  it('names another state once the audio is there', async () => {
    const fields = { s3_key: undefined, content_type: 'audio/mp4', file_size: 5 };
    const { upload, file_id } = await createAudioFile(scene.app, scene.ada, fields);
    const { url, headers } = upload as { url: string; headers: Record<string, string> };
    expect((await fetch(url, { method: 'PUT', headers, body: 'audio' })).status).toBe(200);
    const at = `/api/audio-file/${file_id}`;
    const pending = await scene.app.http.get(at).set(scene.ada.authorization).expect(200);
    const complete = await scene.app.http.post(`${at}/complete`).set(scene.ada.authorization).expect(200);
    const ready = await scene.app.http.get(at).set(scene.ada.authorization).expect(200);
    expect(complete.headers['etag']).toBe(ready.headers['etag']);
    expect(complete.headers['etag']).not.toBe(pending.headers['etag']);
    const stale = { ...scene.ada.authorization, 'If-Match': pending.headers['etag'] as string };
    const answer = await scene.app.http.patch(at).set(stale).send({ title: 'x' });
    expectProblem(answer, { ...CHANGED, instance: at });
  });

  it('answers 304 to whoever has seen the record as it is', async () => {
    for (const seen of [scene.etag, `W/${scene.etag}`, `"x", ${scene.etag}`, '*']) {
      const answer = await scene.get().set('If-None-Match', seen).expect(304);
      expect({ text: answer.text, etag: answer.headers['etag'] }).toEqual({ text: '', etag: scene.etag });
    }
    await scene.patch({ title: 'Tuesday' }).expect(200);
    const answer = await scene.get().set('If-None-Match', scene.etag).expect(200);
    expect(answer.body).toEqual({ ...scene.record, title: 'Tuesday' });
    await scene.app.http.get(scene.path).set(scene.eve.authorization).set('If-None-Match', '*').expect(403);
  });

  it('answers 304 to a star only where there is an entity tag', async () => {
    const paths = [
      '/api/health',
      '/api/health/live',
      '/api/user',
      '/api/user/audio-files',
      '/api/user/usage',
    ];
    for (const at of [...paths, '/api/user/sessions', '/api/docs', '/api/docs/openapi.json']) {
      const answers = [
        await scene.app.http.get(at).set(scene.ada.authorization).set('If-None-Match', '*'),
        await scene.app.http.get(at).set(scene.ada.authorization).set('If-None-Match', scene.etag),
        await scene.app.http.head(at).set(scene.ada.authorization).set('If-None-Match', '*'),
      ];
      expect(answers.map(({ status }) => [at, status])).toEqual(answers.map(() => [at, 200]));
    }
    await scene.app.http.head(scene.path).set(scene.ada.authorization).set('If-None-Match', '*').expect(304);
  });

  it.each([
    ['the tag', () => scene.etag],
    ['the tag among others', () => `"x",W/"y" , ${scene.etag}`],
    ['a star', () => '*'],
    ['a star among spaces', () => '  * '],
  ])('changes the record for %s', async (_case, header) => {
    const answer = await scene.patch({ title: 'Tuesday' }, { 'If-Match': header() }).expect(200);
    expect(answer.body).toEqual({ ...scene.record, title: 'Tuesday' });
    expect(answer.headers['etag']).not.toBe(scene.etag);
  });

  it.each([
    ['another tag', () => '"x"'],
    ['the tag as a weak one', () => `W/${scene.etag}`],
    ['the empty tag', () => '""'],
    ['a list without the tag', () => `"x", "${scene.etag.slice(1, -2)}", "y"`],
    ['the tag with a letter more', () => `${scene.etag.slice(0, -1)}0"`],
  ])('is a 412 for %s, and writes nothing', async (_case, header) => {
    const row = await scene.stored();
    for (const body of [{ title: 'Tuesday' }, { title: 'Monday' }, {}]) {
      const answer = await scene.patch(body, { 'If-Match': header() });
      expectProblem(answer, { ...CHANGED, instance: scene.path });
    }
    expect(scene.writes()).toEqual([]);
    expect(await scene.stored()).toEqual(row);
  });

  it('is a 412 for what was changed since it was seen', async () => {
    await scene.patch({ title: 'Tuesday' }, { 'If-Match': scene.etag }).expect(200);
    const row = await scene.stored();
    const answer = await scene.patch({ title: 'Wednesday' }, { 'If-Match': scene.etag });
    expectProblem(answer, { ...CHANGED, instance: scene.path });
    expect(await scene.stored()).toEqual(row);
  });

  it.each([
    ['no quotation marks', () => scene.etag.slice(1, -1)],
    ['nothing', () => ''],
    ['half a tag', () => scene.etag.slice(0, -1)],
    ['a star among tags', () => `${scene.etag}, *`],
    ['a space within a tag', () => '"a b"'],
    ['a small w', () => `w/${scene.etag}`],
    ['tags that no comma parts', () => `${scene.etag} ${scene.etag}`],
  ])('refuses %s, and writes nothing', async (_case, header) => {
    const message = 'If-Match must be entity tags in quotation marks, or *';
    const answer = await scene.patch({ title: 'Tuesday' }, { 'If-Match': header() });
    const errors = [{ field: 'If-Match', message }];
    expectProblem(answer, { status: 400, detail: message, instance: scene.path, errors });
    expect(scene.writes()).toEqual([]);
  });
});
