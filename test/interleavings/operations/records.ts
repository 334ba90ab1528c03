import { exchange } from '../client.js';
import type { Action, State } from '../model.js';
import type { RecordName, SignInName } from '../world.js';
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

/** Sends a request for one record. @returns the status */
export async function sendToRecord(
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
