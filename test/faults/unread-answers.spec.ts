import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { head, memoryDuring } from './support/clients.js';
import { report } from './support/report.js';
import { ask, createTables, type Service, startService, type Tables } from './support/service.js';

const LIST = '/api/user/audio-files?limit=100';
const RECORDS = 100;
const CONNECTIONS = 40;
const PIPELINED = 20;
/** What answers may occupy that nobody takes, where a test wants it little. */
const MAX_UNSENT_MIB = 1;

describe('answers that nobody reads', () => {
  let tables: Tables;
  let ada: Account;
  let service: Service;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    tables = await createTables();
    service = await startService(tables);
    ada = await registerAccount(service);
    // As large as a record can be: characters of four bytes, and of six where JSON escapes them.
    const largest = {
      ...{ content_type: 'audio/wav', file_size: 1, title: '\u{1F3B5}'.repeat(100) },
      tags: Array.from({ length: 20 }, (_, i) => `${'\u{1F3B5}'.repeat(18)}${i}`),
    };
    for (let sent = 0; sent < RECORDS; sent += 10) {
      const items = Array.from({ length: 10 }, () => ({ ...largest, s3_key: '\u{1F3B5}'.repeat(250) }));
      await service.http
        .post('/api/user/audio-files/batch-create')
        .set(ada.authorization)
        .send({ items })
        .expect(200);
    }
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const list = (of: Service) => of.http.get(LIST).set(ada.authorization);
  /** A connection whose answers are not read: nobody listens for data. */
  function open(of: Service): Socket {
    const { hostname, port } = new URL(of.url);
    const socket = createConnection({ host: hostname, port: Number(port) }).on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }
  const document = `${head('GET', '/api/docs/openapi.json')}\r\n`;
  /** Sends request after request until an answer is not taken any more: the buffers of both systems are full. */
  async function fill({ logs }: Service, client: Socket): Promise<void> {
    const ended = () => logs.filter(({ msg }) => msg === 'request').length;
    for (let isTaken = true; isTaken;) {
      const before = ended();
      client.write(document);
      for (let waited = 0; ended() === before && waited < 2000; waited += 10) await sleep(10);
      isTaken = ended() > before;
    }
  }
  const page = () => `${head('GET', LIST, ada.authorization)}\r\n`;

  it('do not fill the memory: 40 connections with 20 requests each, sent at once', async () => {
    const { text } = await list(service).expect(200);
    for (let i = 0; i < 20; i++) await list(service).expect(200);
    const { result, growth } = await memoryDuring(service, async () => {
      for (let i = 0; i < CONNECTIONS; i++) open(service).write(page().repeat(PIPELINED));
      await sleep(12_000);
      return ask(list(service));
    });
    report(
      'answers that nobody reads',
      `${CONNECTIONS} connections with ${PIPELINED} pages of ${Math.round(text.length / 1024)} K characters: ` +
        `memory +${growth} MiB; others get ${result.status} in ${result.ms} ms`,
    );
    expect(result.status).toBe(200);
    expect(growth).toBeLessThan(130);
  });

  it('are cut off where they hold too much together, those first that take nothing for the longest', async () => {
    const small = await startService(tables, { MAX_UNSENT_MIB: String(MAX_UNSENT_MIB) });
    try {
      const closed: number[] = [];
      const clients: Socket[] = [];
      for (let i = 0; i < 12 && closed.length === 0; i++) {
        clients.push(open(small).on('close', () => closed.push(i)));
        await fill(small, clients[i] as Socket);
        // Nothing tells a client that does not read of a reset, but the next thing that it sends.
        for (const client of clients) client.write('\r\n');
        await sleep(200);
      }
      const { status } = await ask(list(small));
      report(
        'answers held beyond the bound',
        `${closed.length} of ${clients.length} reset; others get ${status}`,
      );
      // The first of them holds its answer for the longest.
      expect(closed).toContain(0);
      expect(closed.length).toBeLessThan(clients.length);
      expect(status).toBe(200);
      const isLogged = () =>
        small.logs.some(({ msg }) => msg === 'a client that read no answers was cut off');
      for (let i = 0; !isLogged() && i < 100; i++) await sleep(20);
      expect(isLogged()).toBe(true);
    } finally {
      await small.stop();
    }
  });
});
