import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { connect, head, type RawClient } from './support/clients.js';
import { type Proxy, startDatabaseProxy } from './support/proxy.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

/** Beyond Node's own 5 s, and beyond what a client has for sending headers. */
const PAUSE_MS = 7_500;
const ASK = `${head('GET', '/api/health/live')}\r\n`;

describe('connections that are kept', () => {
  let tables: Tables;
  let database: Proxy;
  let service: Service | undefined;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    tables = await createTables();
    database = await startDatabaseProxy();
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await database.set('pass');
    await service?.stop();
  });

  afterAll(async () => {
    await database.close();
    await tables.delete();
  });

  async function open(): Promise<RawClient> {
    const client = await connect(service as Service);
    clients.push(client);
    return client;
  }
  async function answers(client: RawClient, count: number): Promise<number[]> {
    const statuses = () =>
      [...client.received().matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));
    while (statuses().length < count && !client.isOver()) await sleep(10);
    return statuses();
  }

  it.each([
    ['one process', {}],
    ['two workers', { WORKERS: '2' }],
  ])('are there when a load balancer uses them again: %s', async (_, environment) => {
    service = await startService(tables, environment);
    const kept = await Promise.all(Array.from({ length: 16 }, () => open()));
    for (const { socket } of kept) socket.write(ASK);
    for (const client of kept) expect(await answers(client, 1)).toEqual([200]);
    await sleep(PAUSE_MS);
    for (const { socket } of kept) socket.write(ASK);
    for (const client of kept) expect(await answers(client, 2)).toEqual([200, 200]);
  });

  it('end where nobody uses them for as long as the configuration says', async () => {
    service = await startService(tables, { KEEP_ALIVE_TIMEOUT_MS: '1000' });
    const client = await open();
    client.socket.write(ASK);
    expect(await answers(client, 1)).toEqual([200]);
    await client.over;
  });

  it.each([
    ['one process', {}],
    ['two workers', { WORKERS: '2' }],
  ])('do not hold up the end when their last answer comes late: %s', async (_, environment) => {
    service = await startService(tables, {
      ...environment,
      DYNAMODB_ENDPOINT: database.endpoint,
      DATABASE_BUDGET_MS: '4000',
    });
    const { authorization } = await registerAccount(service);
    await database.set('hang');
    const late = await open();
    late.socket.write(`${head('GET', '/api/user/audio-files', authorization)}\r\n`);
    await sleep(300);
    service.kill('SIGTERM');
    expect(await answers(late, 1)).toEqual([503]);
    expect(await service.code).toBe(0);
  });
});
