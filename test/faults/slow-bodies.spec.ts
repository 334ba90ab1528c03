import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { connect, head, type RawClient } from './support/clients.js';
import { report, seconds } from './support/report.js';
import { ask, createTables, health, type Service, startService, type Tables } from './support/service.js';

const LOGIN = '/api/login';
/** As many as there are places by default, and some. */
const CONNECTIONS = 520;
const MAX_ARRIVING = 32;
/** Of {@link MAX_ARRIVING}. */
const OF_ONE_CLIENT = 4;

const JSON_TYPE = { 'Content-Type': 'application/json' };
/** The beginning of a login that never ends, with a length or in chunks. */
const begun = (headers: Record<string, string> = {}) =>
  `${head('POST', LOGIN, { ...JSON_TYPE, 'Content-Length': '100', ...headers })}\r\n{`;
const begunInChunks = (headers: Record<string, string>) =>
  `${head('POST', LOGIN, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked', ...headers })}\r\n1\r\n{\r\n`;

describe('bodies that do not come', () => {
  let tables: Tables;
  let ada: Account;
  let service: Service;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    tables = await createTables();
    service = await startService(tables, {
      TRUST_PROXY: '1',
      MAX_REQUESTS_ARRIVING: String(MAX_ARRIVING),
    });
    ada = await registerAccount(service);
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await sleep(200);
  });

  const list = (of = service) => of.http.get('/api/user/audio-files').set(ada.authorization);
  const login = () => {
    const { email, password } = ada;
    return service.http.post(LOGIN).set('X-Forwarded-For', '192.0.2.1').send({ email, password });
  };
  async function begin(text: string, of = service): Promise<RawClient> {
    const client = await connect(of);
    clients.push(client);
    client.socket.write(text);
    return client;
  }
  /** What clients have been told when so many have been refused; a moment later, when nobody else is. */
  async function settled(refused: number): Promise<number[]> {
    const statuses = () => clients.map((client) => client.status());
    for (let i = 0; count(statuses(), 503) < refused && i < 250; i++) await sleep(20);
    await sleep(300);
    return statuses();
  }
  const count = (statuses: number[], wanted: number) => statuses.filter((status) => status === wanted).length;

  it('keep nobody else out: 520 connections from one address, with the settings as they are by default', async () => {
    const usual = await startService(tables);
    try {
      await Promise.all(Array.from({ length: CONNECTIONS }, () => begin(begun(), usual)));
      const statuses = await settled(CONNECTIONS - 64);
      const others = await Promise.all(Array.from({ length: 20 }, () => ask(list(usual))));
      report(
        'bodies that do not come',
        `${count(statuses, 0)} of ${CONNECTIONS} waited for and ${count(statuses, 503)} told 503; ` +
          `others get ${[...new Set(others.map(({ status }) => status))].join()} in at most ` +
          `${Math.max(...others.map(({ ms }) => ms))} ms`,
      );
      expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(await health(usual)).toEqual({ live: 200, ready: 200 });
      // An eighth of 512.
      expect(count(statuses, 0)).toBe(64);
      expect(count(statuses, 503)).toBe(CONNECTIONS - 64);
    } finally {
      await usual.stop();
    }
  });

  it('of one client are few, and others sign in', async () => {
    const from = { 'X-Forwarded-For': '198.51.100.7' };
    for (let i = 0; i < 2 * OF_ONE_CLIENT; i++) await begin(begun(from));
    const statuses = await settled(OF_ONE_CLIENT);
    expect(count(statuses, 0)).toBe(OF_ONE_CLIENT);
    expect(count(statuses, 503)).toBe(OF_ONE_CLIENT);
    const refused = clients.find((client) => client.status() === 503)?.received();
    expect(refused).toMatch(/^retry-after: 1\r$/im);
    expect(refused).toMatch(/^connection: close\r$/im);
    expect(refused).toMatch(/^content-type: application\/problem\+json/im);
    await Promise.all(clients.filter((client) => client.status() === 503).map(({ over }) => over));
    expect((await login()).status).toBe(200);
    await list().expect(200);
  });

  it('of all clients together are bounded, in chunks too, and what has no body is served', async () => {
    for (let i = 0; i < MAX_ARRIVING + 8; i++) {
      await begin((i % 2 === 0 ? begun : begunInChunks)({ 'X-Forwarded-For': `198.51.${i}.1` }));
    }
    const statuses = await settled(8);
    expect(count(statuses, 0)).toBe(MAX_ARRIVING);
    expect(count(statuses, 503)).toBe(8);
    await list().expect(200);
    expect((await login()).status).toBe(503);
    for (const { socket } of clients) socket.destroy();
    await sleep(200);
    expect((await login()).status).toBe(200);
  });

  it('are asked for only where there is room for them (Expect: 100-continue)', async () => {
    const from = { 'X-Forwarded-For': '198.51.100.8', Expect: '100-continue' };
    const asking = begun(from).slice(0, -1);
    for (let i = 0; i < OF_ONE_CLIENT + 1; i++) await begin(asking);
    const statuses = await settled(1);
    expect(count(statuses, 100)).toBe(OF_ONE_CLIENT);
    expect(count(statuses, 503)).toBe(1);
    const body = JSON.stringify({ email: ada.email, password: ada.password });
    const whole = await begin(
      asking.replace('198.51.100.8', '198.51.100.9').replace('Length: 100', `Length: ${body.length}`),
    );
    for (let i = 0; whole.status() === 0 && i < 100; i++) await sleep(20);
    whole.socket.write(body);
    for (let i = 0; !whole.received().includes('HTTP/1.1 200 ') && i < 250; i++) await sleep(20);
    expect(whole.received()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it.each([
    ['a body that does not come', begun()],
    ['headers that do not end', head('POST', LOGIN)],
    ['what is no HTTP', 'no HTTP\r\n\r\n'],
    ['headers beyond the limit', head('GET', '/api/health', { 'X-Flood': 'a'.repeat(20_000) })],
  ])('leave no connection behind: %s', async (what, text) => {
    const client = await begin(text);
    await client.over;
    const answered = client.status();
    // The other side is still open: only a write tells whether anybody is there.
    let [isReset, waited] = [false, 0];
    client.socket.once('error', () => (isReset = true));
    client.socket.once('close', () => (isReset = true));
    for (; !isReset && waited < 5000; waited += 50) {
      client.socket.write('a');
      await sleep(50);
    }
    report(`a client error, ${what}`, `answer ${answered}, gone ${seconds(waited)} after it`);
    expect([400, 408, 431]).toContain(answered);
    expect(isReset).toBe(true);
  });
});
