import { ObjectStore } from '../../../src/storage/object-store.js';
import { AUDIO, send, type Upload } from '../../support/uploads.js';
import { exchange } from '../client.js';
import type { Action, State } from '../model.js';
import { keyOf, type RecordName, type SignInName } from '../world.js';
import { accountOf, type Operation, type OperationContext } from './operation.js';

/** What a write of a record looks at first: nobody records anything in an account that is closing. */
export function mayRecord(by: string): Action {
  return (state) => {
    const account = accountOf(state, by);
    if (!account) return '401';
    return account.isClosing ? '409' : undefined;
  };
}

/** What was looked at before may be finished; of an account that is gone meanwhile the delayed sweep removes it. */
export function write(name: string, isReady: boolean): (state: State) => boolean {
  return (state) => {
    if (state.records[name]) return false;
    if (!state.accounts['owner']) return true;
    state.records[name] = { account: 'owner', isReady, title: null, version: 0, hasObject: false };
    return true;
  };
}

/** Records an object that is in S3. With a key it makes one record, however often it is done. */
export function create(by: SignInName, key?: string): Operation {
  const recordName = (name: string) => (key === undefined ? name : `key ${key}`);
  return {
    title: `create by ${by}${key === undefined ? '' : ' with key'}`,
    ...{ by, touches: key === undefined ? [] : [`key ${key}`] },
    async perform({ world, client, name }) {
      const { status, body } = await client.send('POST', '/api/audio-file', {
        token: world.tokens.get(by),
        body: { s3_key: 'recordings/tuesday.m4a', file_size: 5 },
        ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
      });
      if (status < 300) world.records.set(recordName(name), String(body['file_id']));
      return String(status);
    },
    models: (name) => [[mayRecord(by), (state) => (write(recordName(name), true)(state) ? '201' : '200')]],
  };
}

/** Begins an upload, sends the audio, and completes it. The answers are told one after the other. */
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

/** Sends the audio of the pending record to the URL that its client has had since before the run. */
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

/** Sends the audio of the pending record, and completes it. The answers are told one after the other. */
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

/** Changes the title, also on the condition that nobody else has changed the record since before the run. */
export function change(by: SignInName, record: RecordName, isConditional = false): Operation {
  // A client that repeats sends the same title.
  const titleOf = (name: string) => name.replaceAll("'", '');
  const check = (name: string): Action => {
    return (state) => {
      if (!accountOf(state, by)) return '401';
      const found = state.records[record];
      if (!found) return '404';
      if (isConditional && found.version !== 0) return '412';
      return found.title === titleOf(name) ? '200' : undefined;
    };
  };
  const apply = (name: string): Action => {
    return (state) => {
      const found = state.records[record];
      if (!found) return '404';
      if (isConditional && found.version !== 0) return '412';
      found.title = titleOf(name);
      found.version++;
      return '200';
    };
  };
  return {
    title: `change ${record} by ${by}${isConditional ? ' if unchanged' : ''}`,
    ...{ by, touches: [`record ${record}`], needs: [record] },
    async prepare(fleet, { tokens, records, held }) {
      if (!isConditional) return;
      const url = `${fleet.fresh.url}/api/audio-file/${records.get(record)}`;
      const { etag } = await exchange(fleet.agent, 'GET', url, { token: tokens.get(by) });
      held.set('etag', etag as string);
    },
    perform: (context) =>
      sendToRecord(context, by, record, 'PATCH', '', {
        body: { title: titleOf(context.name) },
        ...(isConditional && { headers: { 'If-Match': context.world.held.get('etag') as string } }),
      }),
    models: (name) => whileClosing(by, [check(name), apply(name)]),
  };
}

/** The audio goes first, and then the record. */
export function remove(by: SignInName, record: RecordName): Operation {
  return {
    ...{ title: `delete ${record} by ${by}`, by, touches: [`record ${record}`, 'objects'], needs: [record] },
    perform: (context) => sendToRecord(context, by, record, 'DELETE', ''),
    models: () =>
      whileClosing(by, [
        (state) => {
          if (!accountOf(state, by)) return '401';
          return state.records[record] ? undefined : '404';
        },
        (state) => void removeAudio(state, record),
        (state) => (removeRow(state, record) ? '200' : '404'),
      ]),
  };
}

/** Whether titles change and records go while their account does is not promised. */
export function whileClosing(by: string, model: readonly Action[]): (readonly Action[])[] {
  return [model, [mayRecord(by), ...model]];
}

export function removeAudio(state: State, name: string): void {
  const record = state.records[name];
  if (record) record.hasObject = false;
}

/** @returns whether there was one */
export function removeRow(state: State, name: string): boolean {
  const record = state.records[name];
  if (record?.hasObject) state.leftovers[name] = true;
  delete state.records[name];
  return record !== undefined;
}

/** Of a pending record. One that is ready stays as it is. */
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
  // Also of a closed account: what there is in the end is nothing, see `leavesNothing`.
  else state.leftovers[name] = true;
}

function prefixed(before: string, answer: string | undefined): string | undefined {
  return answer === undefined ? undefined : `${before} ${answer}`;
}

async function sendToRecord(
  { world, client }: OperationContext,
  by: SignInName,
  record: RecordName,
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  sending: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<string> {
  const url = `/api/audio-file/${world.records.get(record)}${path}`;
  return String((await client.send(method, url, { token: world.tokens.get(by), ...sending })).status);
}
