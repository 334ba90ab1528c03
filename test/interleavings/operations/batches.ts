import type { SignInName } from '../world.js';
import { accountOf, type Operation } from './operation.js';
import { mayRecord, removeAudio, removeRow, whileClosing, write } from './records.js';

/** The records that a batch deletes. */
const DELETED = ['plain', 'kept'] as const;

/** Two records. With client ids they are made once, however often the batch is sent. */
export function batchCreate(by: SignInName, withIds: boolean): Operation {
  const called = (name: string, n: number) => (withIds ? `key item ${n}` : `${name}${n}`);
  return {
    title: `batch create by ${by}${withIds ? ' with ids' : ''}`,
    ...{ by, touches: withIds ? ['key item 0'] : [] },
    async perform({ world, client, name }) {
      const { status, body } = await client.send('POST', '/api/user/audio-files/batch-create', {
        token: world.tokens.get(by),
        body: {
          items: [0, 1].map((n) => ({
            ...{ s3_key: `recordings/${n}.m4a`, file_size: 5 },
            ...(withIds && { client_id: `item ${n}` }),
          })),
        },
      });
      if (status !== 200) return String(status);
      const results = body['results'] as { status: number; audio_file?: { file_id: string } }[];
      for (const [n, { audio_file: file }] of results.entries()) {
        if (file) world.records.set(called(name, n), file.file_id);
      }
      return `200 ${results.map((result) => result.status).join(' ')}`;
    },
    models: (name) => [
      [
        mayRecord(by),
        (state) => void (state.notes[name] = write(called(name, 0), true)(state) ? 201 : 200),
        (state) => `200 ${String(state.notes[name])} ${write(called(name, 1), true)(state) ? 201 : 200}`,
      ],
    ],
  };
}

/** Two records. Each that was there when they were looked at is told as deleted. */
export function batchDelete(by: SignInName): Operation {
  return {
    title: `batch delete by ${by}`,
    ...{ by, touches: ['record plain', 'record kept', 'objects'], needs: DELETED },
    async perform({ world, client }) {
      const { status, body } = await client.send('POST', '/api/user/audio-files/batch-delete', {
        token: world.tokens.get(by),
        body: { file_ids: DELETED.map((name) => world.records.get(name)) },
      });
      if (status !== 200) return String(status);
      return `200 ${(body['results'] as { status: number }[]).map((result) => result.status).join(' ')}`;
    },
    models: (name) =>
      whileClosing(by, [
        (state) => (accountOf(state, by) ? undefined : '401'),
        (state) =>
          void (state.notes[name] = DELETED.map((record) => (state.records[record] ? 200 : 404)).join(' ')),
        (state) => DELETED.forEach((record) => removeAudio(state, record)) as undefined,
        (state) => {
          for (const record of DELETED) removeRow(state, record);
          return `200 ${String(state.notes[name])}`;
        },
      ]),
  };
}
