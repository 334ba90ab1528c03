import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { head, memoryDuring } from './support/clients.js';
import { report } from './support/report.js';
import { ask, createTables, type Service, startService, type Tables } from './support/service.js';

const CONNECTIONS = 40;
/** Some 64 KB, which Node reads at once. */
const REQUESTS = 1500;

describe('thousands of requests sent ahead', () => {
  let tables: Tables;
  let service: Service;

  beforeAll(async () => {
    tables = await createTables();
    service = await startService(tables);
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  it('cost what ten of each connection cost', async () => {
    const live = () => ask(service.http.get('/api/health/live'));
    for (let i = 0; i < 20; i++) await live();
    const { hostname, port } = new URL(service.url);
    const requests = `${head('GET', '/api/health/live')}\r\n`.repeat(REQUESTS);
    const known = service.logs.length;
    const { result, growth } = await memoryDuring(service, async () => {
      const sockets: Socket[] = [];
      for (let i = 0; i < CONNECTIONS; i++) {
        const socket = connect(Number(port), hostname).on('error', () => undefined);
        socket.resume().write(requests);
        sockets.push(socket);
      }
      await sleep(50);
      const answer = await live();
      await sleep(3000);
      for (const socket of sockets) socket.destroy();
      return answer;
    });
    const served = service.logs.slice(known).filter(({ msg }) => msg === 'request').length;
    report(
      'requests sent ahead',
      `${CONNECTIONS} connections with ${REQUESTS} each: ${served} of them served, memory +${growth} MiB; others get ${result.status} in ${result.ms} ms`,
    );
    expect(result.status).toBe(200);
    // Nine each, and one that is told; besides, a few that measure.
    expect(served).toBeLessThanOrEqual(CONNECTIONS * 10 + 5);
    expect(growth).toBeLessThan(60);
  });
});
