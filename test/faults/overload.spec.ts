import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, head, sendSteadily } from './support/clients.js';
import { arrangeLibrary, type LibraryScene, metricOf } from './support/library-scene.js';
import { report } from './support/report.js';
import { ask, type Service, startService, untilStatus } from './support/service.js';

const MAX_IN_FLIGHT = 8;

let scene: LibraryScene;

beforeAll(async () => {
  scene = await arrangeLibrary();
}, 60_000);

afterAll(() => scene.tables.delete());

const list = (service: Service) => scene.list(service);
const lists = (service: Service, connections: number) => scene.lists(service, connections);

/** Asks for health again and again until `over`; gives its statuses and the longest that it took. */
async function healthDuring(service: Service, over: Promise<unknown>) {
  let isOver = false;
  void over.finally(() => (isOver = true));
  const [statuses, times] = [new Set<number>(), [0]];
  while (!isOver) {
    for (const path of ['/api/health', '/api/health/live']) {
      const { status, ms } = await ask(service.http.get(path));
      statuses.add(status);
      times.push(ms);
    }
    await sleep(20);
  }
  return { statuses: [...statuses], slowest: Math.max(...times), asked: times.length - 1 };
}

describe.each([
  ['too many requests at the same time', { MAX_REQUESTS_IN_FLIGHT: String(MAX_IN_FLIGHT) }],
  ['an event loop that is late', { MAX_EVENT_LOOP_LAG_MS: '15', MAX_REQUESTS_IN_FLIGHT: '0' }],
])('%s', (name, environment) => {
  let service: Service;

  beforeAll(async () => {
    service = await startService(scene.tables, environment);
    await list(service).expect(200);
  });

  afterAll(() => service.stop());

  it('has some turned away at once and the others served, and health always; afterwards all are', async () => {
    const alone = await sendSteadily({ ...lists(service, MAX_IN_FLIGHT / 2), seconds: 2, apart: true });
    const flood = sendSteadily({ ...lists(service, 100), seconds: 4, apart: true });
    const health = await healthDuring(service, flood);
    const { statuses, errors, rate } = await flood;
    const back = await untilStatus(() => list(service), 200);
    const { '200': served = 0, '503': refused = 0, ...others } = statuses;
    report(
      `saturated, ${name}`,
      `${served} served and ${refused} refused at ${Math.round(rate)}/s, ${errors} lost ` +
        `(${Math.round(served / 4)}/s served, and ${Math.round(alone.rate)}/s without too many); ` +
        `health ${health.statuses.join()} in at most ${health.slowest} ms; all served ${back} ms after`,
    );
    expect({ others, errors }).toEqual({ others: {}, errors: 0 });
    expect(served).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(health.statuses).toEqual([200]);
    expect(health.asked).toBeGreaterThan(10);
    for (let i = 0; i < 20; i++) await untilStatus(() => list(service), 200);
  });
});

describe('places of requests that are over', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService(scene.tables, {
      MAX_REQUESTS_IN_FLIGHT: String(MAX_IN_FLIGHT),
      METRICS_PORT: '0',
    });
    await list(service).expect(200);
  });

  afterAll(() => service.stop());

  const inFlight = () => metricOf(service, /^http_requests_in_flight (\d+)/gm);
  async function untilNoneInFlight(): Promise<number> {
    let left = await inFlight();
    for (const end = performance.now() + 5000; left > 0 && performance.now() < end; await sleep(50)) {
      left = await inFlight();
    }
    return left;
  }
  /** Sends requests one after the other without waiting for answers, and is gone. */
  async function leave(requests: number, afterMs: number): Promise<void> {
    const client = await connect(service);
    client.socket.write(`${head('GET', scene.path, scene.ada.authorization)}\r\n`.repeat(requests));
    await sleep(afterMs);
    client.socket.resetAndDestroy();
    await sleep(50);
  }

  it.each([0, 2, 5, 50])('are free again where the client leaves after %i ms', async (afterMs) => {
    for (let i = 0; i < 2 * MAX_IN_FLIGHT; i++) await leave(1, afterMs);
    expect(await untilNoneInFlight()).toBe(0);
    expect(await untilStatus(() => list(service), 200)).toBeLessThan(5000);
  });

  it('are free again where a client that sent several at once leaves', async () => {
    // The first one has the connection, and so hears of its end; those behind it have nothing yet.
    const first = `${head('GET', '/api/health')}\r\n`;
    for (let i = 0; i < 4; i++) {
      const client = await connect(service);
      client.socket.write(
        first + `${head('GET', scene.path, scene.ada.authorization)}\r\n`.repeat(MAX_IN_FLIGHT),
      );
      await sleep(3);
      client.socket.resetAndDestroy();
      await sleep(50);
    }
    const left = await untilNoneInFlight();
    const { status } = await ask(list(service));
    report('pipelined requests, then gone', `${left} counted as in flight for ever; others get ${status}`);
    expect(status).toBe(200);
    expect(left).toBe(0);
  });

  it('are told of in problem details with Retry-After where there are none', async () => {
    // All of them are there before the first one can be answered.
    const client = await connect(service);
    client.socket.write(`${head('GET', scene.path, scene.ada.authorization)}\r\n`.repeat(2 * MAX_IN_FLIGHT));
    const refusal = () => client.received().split('HTTP/1.1 503 ')[1] ?? '';
    for (const end = performance.now() + 5000; !refusal() && performance.now() < end; await sleep(5))
      continue;
    await sleep(200);
    const text = refusal();
    client.socket.destroy();
    expect(text).toMatch(/^content-type: application\/problem\+json/im);
    expect(text).toMatch(/^retry-after: 1\r$/im);
    expect(text).toContain('"detail":"The service is busy"');
  });

  it('are not kept by clients that stay and read no answers', async () => {
    const { hostname, port } = new URL(service.url);
    const document = `${head('GET', '/api/docs/openapi.json')}\r\n`;
    const clients = Array.from({ length: MAX_IN_FLIGHT }, () => {
      // Nobody listens for data, so that nothing is read once the buffers of both systems are full.
      const socket = createConnection({ host: hostname, port: Number(port) });
      return socket.on('error', () => undefined);
    });
    // One at a time, again and again: the first ones still fit into the buffers, and few may wait for their turn.
    for (let i = 0; i < 80; i++) {
      for (const client of clients) client.write(document);
      await sleep(120);
    }
    const held = await inFlight();
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await ask(list(service))).status),
    );
    for (const client of clients) client.destroy();
    report(
      'answers not read',
      `${held} of ${MAX_IN_FLIGHT} answers wait for clients; others get ${statuses.join()}`,
    );
    expect(held).toBeGreaterThanOrEqual(MAX_IN_FLIGHT);
    expect(statuses).toEqual([200, 200, 200, 200]);
    expect(await untilNoneInFlight()).toBe(0);
  });
});
