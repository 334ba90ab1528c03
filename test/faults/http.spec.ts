import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { connect, drip, head, memoryDuring, type RawClient, sendEndless } from './support/clients.js';
import { report, seconds } from './support/report.js';
import {
  ask,
  createTables,
  health,
  type Service,
  startService,
  type Tables,
  untilStatus,
} from './support/service.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const LOGIN = '/api/login';
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('a client that sends what it should not', () => {
  let tables: Tables;
  let service: Service;
  let ada: Account;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    tables = await createTables();
    service = await startService(tables);
    ada = await registerAccount(service);
    // Memory is looked at when the service is warm.
    for (let i = 0; i < 50; i++) await createAudioFile(service, ada);
    for (let i = 0; i < 50; i++) await list();
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    // Whatever was sent, nothing is left of it.
    expect(await untilStatus(list, 200)).toBeLessThan(5000);
    expect(await health(service)).toEqual({ live: 200, ready: 200 });
  });

  const list = () => service.http.get('/api/user/audio-files').set(ada.authorization);

  async function sendBody(body: Buffer, headers: Record<string, string> = {}): Promise<number> {
    const request = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body };
    return (await fetch(service.url + LOGIN, request)).status;
  }
  /** Whether others are served while `over` is not; gives the longest that one of them took. */
  async function servedUntil(over: Promise<unknown>): Promise<number> {
    let [isOver, slowest] = [false, 0];
    void over.finally(() => (isOver = true));
    while (!isOver) {
      const { status, ms } = await ask(list());
      expect(status).toBe(200);
      slowest = Math.max(slowest, ms);
    }
    return slowest;
  }

  it('is told 400 for JSON that is none', async () => {
    const bodies = ['{', '{"email":', '[1,]', 'null x', '\u0000', '{"a":1}{"b":2}', 'NaN', "{'a':1}"];
    const statuses = await Promise.all(bodies.map((body) => sendBody(Buffer.from(body))));
    expect(statuses).toEqual(bodies.map(() => 400));
    report('malformed JSON', `400 for ${bodies.length} of ${bodies.length}`);
  });

  it('is told 400 for gzip that is none, is cut short, or is nested too deep', async () => {
    const whole = gzipSync(JSON.stringify({ email: ada.email, password: 'wrong password' }));
    const deep = gzipSync(Buffer.from('['.repeat(90_000)));
    const bodies = [Buffer.from('no gzip'), whole.subarray(0, -9), whole.subarray(0, 20), deep];
    const statuses = await Promise.all(bodies.map((body) => sendBody(body, { 'Content-Encoding': 'gzip' })));
    report('bad gzip', `answers ${statuses.join(', ')}`);
    expect(statuses).toEqual([400, 400, 400, 400]);
    expect(await sendBody(whole, { 'Content-Encoding': 'gzip' })).toBe(401);
  });

  it('cannot make memory grow by gzip of a gigabyte', async () => {
    // Gzip takes members one after the other.
    const member = gzipSync(Buffer.alloc(64 * MIB));
    const bomb = Buffer.concat(Array<Buffer>(16).fill(member));
    const { result, growth } = await memoryDuring(service, () =>
      Promise.all(
        Array.from({ length: 4 }, () => sendBody(bomb, { 'Content-Encoding': 'gzip' }).catch(() => 0)),
      ),
    );
    report('gzip of 1 GB, four at once', `answers ${result.join(', ')}; memory +${growth} MiB`);
    // 0 where the connection was cut before all of it was sent.
    for (const status of result) expect([413, 0]).toContain(status);
    expect(growth).toBeLessThan(20);
  }, 60_000);

  it.each([
    ['that stops when it is answered', false],
    ['that does not listen', true],
  ])('cannot have a body of 1 GB read: one in chunks %s', async (name, stubborn) => {
    const { result, growth } = await memoryDuring(service, () =>
      sendEndless(service, LOGIN, { limit: GIB, stubborn }),
    );
    const { status, untilAnswer, sent, answeredMs, endedMs } = result;
    const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
    report(
      `body of 1 GB, a client ${name}`,
      `${status} after ${mib(untilAnswer)} and ${Math.round(answeredMs)} ms; sent ${mib(sent)} in ` +
        `${seconds(endedMs)}; memory +${growth} MiB`,
    );
    expect(status).toBe(413);
    // What fits into the buffers between the two, and no more.
    expect(untilAnswer).toBeLessThan(16 * MIB);
    expect(growth).toBeLessThan(20);
    expect(sent).toBeLessThan(64 * MIB);
  });

  it('is told 413 before it sends anything where it announces a gigabyte', async () => {
    const client = await connect(service);
    clients.push(client);
    client.socket.write(`${head('POST', LOGIN, { ...JSON_TYPE, 'Content-Length': String(GIB) })}\r\n`);
    const ms = await untilAnswered(client);
    report('announced 1 GB', `${client.status()} after ${Math.round(ms)} ms`);
    expect(client.status()).toBe(413);
  });

  it('is told 431 for 100 KB of headers', async () => {
    for (const headers of [
      { 'X-Flood': 'a'.repeat(100_000) },
      Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`X-${i}`, 'a'.repeat(50)])),
    ]) {
      const client = await connect(service);
      clients.push(client);
      client.socket.write(`${head('GET', '/api/health', headers)}\r\n`);
      const ms = await untilAnswered(client);
      report('100 KB of headers', `${client.status()} after ${Math.round(ms)} ms`);
      expect(client.status()).toBe(431);
      await client.over;
    }
  });

  it.each([
    ['headers', `${head('POST', LOGIN)}X-Slow: `],
    ['a body', `${head('POST', LOGIN, { ...JSON_TYPE, 'Content-Length': '90000' })}\r\n`],
    [
      'a body in chunks',
      `${head('POST', LOGIN, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' })}\r\n15f90\r\n`,
    ],
    ['nothing', ''],
  ])(
    'is cut within 10 s where it drips %s on 50 connections, and others are served',
    async (what, first) => {
      const everyMs = first === '' ? 60_000 : 250;
      const opened = await Promise.all(
        Array.from({ length: 50 }, () => (first === '' ? connect(service) : drip(service, first, everyMs))),
      );
      clients.push(...opened);
      const ends = Promise.all(opened.map(({ over }) => over));
      const slowest = await servedUntil(ends);
      const longest = Math.max(...(await ends));
      const statuses = [...new Set(opened.map((client) => client.status()))].join(', ');
      report(
        `slowloris, ${what}`,
        `50 of 50 cut after at most ${seconds(longest)} (answer ${statuses}); others took at most ${slowest} ms`,
      );
      expect(longest).toBeLessThan(10_000);
    },
    40_000,
  );
});

async function untilAnswered(client: RawClient): Promise<number> {
  const started = performance.now();
  while (client.status() === 0 && !client.isOver()) {
    if (performance.now() - started > 10_000) throw new Error('No answer within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - started;
}
