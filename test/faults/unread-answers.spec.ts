import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { head, memoryDuring } from './support/clients.js';
import { report } from './support/report.js';
import { ask, createTables, type Service, startService, type Tables } from './support/service.js';

/** A large answer that costs little to make. */
const DOCUMENT = '/api/docs/openapi.json';
const CONNECTIONS = 40;
const PIPELINED = 120;
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
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const list = (of: Service) => of.http.get('/api/user/audio-files').set(ada.authorization);
  /** A connection whose answers are not read: nobody listens for data. */
  function open(of: Service): Socket {
    const { hostname, port } = new URL(of.url);
    const socket = createConnection({ host: hostname, port: Number(port) }).on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }
  const document = `${head('GET', DOCUMENT)}\r\n`;
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

  it('do not fill the memory: 40 connections with 120 requests each, sent at once', async () => {
    const { text } = await service.http.get(DOCUMENT).expect(200);
    for (let i = 0; i < 50; i++) await service.http.get(DOCUMENT).expect(200);
    const { result, growth } = await memoryDuring(service, async () => {
      for (let i = 0; i < CONNECTIONS; i++) open(service).write(document.repeat(PIPELINED));
      await sleep(8_000);
      return ask(list(service));
    });
    report(
      'answers that nobody reads',
      `${CONNECTIONS} connections with ${PIPELINED} answers of ${Math.round(text.length / 1024)} KB: ` +
        `memory +${growth} MiB; others get ${result.status} in ${result.ms} ms`,
    );
    expect(result.status).toBe(200);
    expect(growth).toBeLessThan(100);
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
