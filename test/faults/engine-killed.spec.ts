import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Engine, startEngine } from '../../scripts/local-engines/index.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { send } from './support/client.js';
import { report, seconds } from './support/report.js';
import { createTables, type Service, startService, type Tables, untilStatus } from './support/service.js';

const WRITERS = 8;
const LOAD_MS = 1500;
const AWAY_MS = 1000;

describe('an engine that is killed under load and started again on the same file', () => {
  let directory: string;
  let engine: Engine;
  let tables: Tables;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    directory = await mkdtemp(join(tmpdir(), 'killed-engine-'));
    engine = await startEngine({ kind: 'embedded', file: join(directory, 'data.db') });
    tables = await createTables({ DYNAMODB_ENDPOINT: engine.endpoint });
    service = await startService(tables);
    ada = await registerAccount(service);
  });

  afterAll(async () => {
    await service.stop();
    await tables.delete();
    await engine.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** All ids in the list, page by page. */
  async function listedIds(): Promise<Set<string>> {
    const ids = new Set<string>();
    let cursor: string | undefined;
    do {
      const query = `limit=100${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const request = service.http.get(`/api/user/audio-files?${query}`).set(ada.authorization);
      const { body, headers } = await request.expect(200);
      for (const { file_id: id } of body as { file_id: string }[]) ids.add(id);
      cursor = headers['x-next-cursor'];
    } while (cursor !== undefined);
    return ids;
  }

  it('has every write that was acknowledged, and the service goes on by itself', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: WRITERS });
    const acknowledged: string[] = [];
    const statuses = new Map<number, number>();
    let loading = true;
    const write = async (): Promise<void> => {
      while (loading) {
        const reply = await send(`${service.url}/api/audio-file`, {
          method: 'POST',
          headers: ada.authorization,
          body: { s3_key: 'a' },
          agent,
        });
        statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
        if (reply.status === 201) acknowledged.push(reply.body['file_id'] as string);
        else await sleep(5);
      }
    };
    const writers = Promise.all(Array.from({ length: WRITERS }, write));
    await sleep(LOAD_MS);
    const before = acknowledged.length;
    process.kill(engine.pid, 'SIGKILL');
    await engine.exited;
    await sleep(AWAY_MS);
    const { port } = new URL(engine.endpoint);
    engine = await startEngine({ kind: 'embedded', file: join(directory, 'data.db'), port: Number(port) });
    const back = await untilStatus(
      () => service.http.post('/api/audio-file').set(ada.authorization).send({ s3_key: 'b' }),
      201,
    );
    await sleep(LOAD_MS / 2);
    loading = false;
    await writers;
    agent.destroy();

    expect(before).toBeGreaterThan(WRITERS);
    expect(acknowledged.length).toBeGreaterThan(before);
    expect([...statuses.keys()].sort()).toEqual([201, 503]);
    const listed = await listedIds();
    expect(acknowledged.filter((id) => !listed.has(id))).toEqual([]);
    report(
      'engine killed',
      `${before} records acknowledged before and ${acknowledged.length - before} after, none lost; ` +
        `${statuses.get(503)} × 503 between; back after ${seconds(back)}`,
    );
  });
});
