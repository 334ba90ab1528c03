import { ObjectStore } from '../../../src/storage/object-store.js';
import { AUDIO, send, type Upload } from '../../support/uploads.js';
import type { Action, State } from '../model.js';
import { keyOf, type SignInName } from '../world.js';
import type { Operation } from './operation.js';
import { mayRecord, sendToRecord, write } from './records.js';

/** Starts an upload, sends the audio and completes the record. The result is the statuses in order. */
export function upload(by: SignInName): Operation {
  return {
    ...{ title: `upload by ${by}`, by, touches: ['objects'] },
    async perform({ world, client, name }) {
      const token = world.tokens.get(by);
      const { status, body } = await client.send('POST', '/api/audio-file', {
        token,
        body: { content_type: 'audio/wav', file_size: AUDIO.length },
      });
      if (status !== 201) return String(status);
      const id = String(body['file_id']);
      world.records.set(name, id);
      const sent = await client.upload(() => send(body['upload'] as Upload));
      const completed = await client.send('POST', `/api/audio-file/${id}/complete`, { token });
      return `${status} ${sent} ${completed.status}`;
    },
    models: (name) => [
      [
        mayRecord(by),
        (state) => void write(name, false)(state),
        (state) => void put(state, name),
        ...completion(by, name).map(
          (action): Action =>
            (state) =>
              prefixed('201 200', action(state)),
        ),
      ],
    ],
  };
}

/** Sends the audio of the pending record to a URL that the client got before the run. */
export function putAudio(record: 'pending' | 'uploaded'): Operation {
  return {
    ...{ title: `put ${record}`, touches: [`record ${record}`, 'objects'], needs: [record] },
    async prepare({ fresh }, { accounts, records, held }) {
      const key = keyOf(accounts.get('owner') as string, records.get(record) as string);
      const headers = { 'Content-Type': 'audio/wav', 'Content-Length': String(AUDIO.length) };
      const store = fresh.app.get(ObjectStore);
      held.set('url', (await store.sign({ method: 'PUT', key, headers, expiresInSeconds: 900 })).url);
    },
    async perform({ world, client }) {
      const headers = { 'Content-Type': 'audio/wav' };
      const url = world.held.get('url') as string;
      return String(await client.upload(() => send({ url, method: 'PUT', headers, expires_at: '' })));
    },
    models: () => [
      [
        (state) => {
          put(state, record);
          return '200';
        },
      ],
    ],
  };
}

/** Sends the audio of the pending record and completes it. The result is the statuses in order. */
export function finishUpload(by: SignInName): Operation {
  const sending = putAudio('pending');
  return {
    ...sending,
    ...{ title: `finish upload by ${by}`, by },
    async perform(context) {
      return `${await sending.perform(context)} ${await sendToRecord(context, by, 'pending', 'POST', '/complete')}`;
    },
    models: () => [
      [
        (state) => void put(state, 'pending'),
        ...completion(by, 'pending').map(
          (action): Action =>
            (state) =>
              prefixed('200', action(state)),
        ),
      ],
    ],
  };
}

export function complete(by: SignInName, record: 'pending' | 'uploaded'): Operation {
  return {
    ...{
      title: `complete ${record} by ${by}`,
      by,
      touches: [`record ${record}`, 'objects'],
      needs: [record],
    },
    perform: (context) => sendToRecord(context, by, record, 'POST', '/complete'),
    models: () => [completion(by, record)],
  };
}

/** Completes a pending record. A ready record does not change. */
function completion(by: SignInName, name: string): Action[] {
  return [
    (state) => {
      const refusal = mayRecord(by)(state);
      if (refusal !== undefined) return refusal;
      const record = state.records[name];
      if (!record) return '404';
      return record.isReady ? '200' : undefined;
    },
    (state) => (state.records[name]?.hasObject || state.leftovers[name] ? undefined : '409'),
    (state) => {
      const record = state.records[name];
      if (!record) return '404';
      if (!record.isReady) record.version++;
      record.isReady = true;
      return '200';
    },
  ];
}

function put(state: State, name: string): void {
  const record = state.records[name];
  if (record) record.hasObject = true;
  // For a closed account too: `leavesNothing` checks that nothing is left at the end.
  else state.leftovers[name] = true;
}

function prefixed(before: string, answer: string | undefined): string | undefined {
  return answer === undefined ? undefined : `${before} ${answer}`;
}
