import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Arrivals, sendArrivalsApart } from './support/arrivals.js';
import { sendSteadily } from './support/clients.js';
import { arrangeLibrary, type LibraryScene, metricOf } from './support/library-scene.js';
import { report, seconds } from './support/report.js';
import { separateCores, type Service, startService, threadNiceness, untilStatus } from './support/service.js';

/** Niceness of what makes load while something else is timed. */
const GIVING_WAY = 10;

describe('a flood of logins at ten times the capacity', () => {
  let scene: LibraryScene;
  let service: Service;
  let giveBackCores: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    scene = await arrangeLibrary();
    // As in production: all of it is on.
    service = await startService(scene.tables, { MAX_EVENT_LOOP_LAG_MS: '250', METRICS_PORT: '0' });
    giveBackCores = await separateCores(service);
    await scene.list(service).expect(200);
  }, 60_000);

  afterAll(async () => {
    await giveBackCores?.();
    await service.stop();
    await scene.tables.delete();
  });

  it('is hashed by threads that give way to the event loop', () => {
    if (process.platform !== 'linux') {
      report(
        'priority of hashing',
        `not lowered on ${process.platform}: only Linux has threads with one of their own`,
      );
      return;
    }
    // Of the others it is that of whoever started the tests.
    const lowered = threadNiceness(service).filter((niceness) => niceness === 15);
    expect(lowered).toHaveLength(4);
  });

  it('is served as far as it can be and refused beyond, and reads go on', async () => {
    const { email, password } = scene.ada;
    const body = { email, password };
    const login: Arrivals = {
      ...{ url: `${service.url}/api/login`, method: 'POST', body },
      ...{ connections: 200, perSecond: 0, seconds: 16 },
    };
    const reads: Arrivals = {
      ...{ url: service.url + scene.path, headers: scene.ada.authorization },
      ...{ connections: 20, perSecond: 50, warmUpSeconds: 2, seconds: 12 },
    };
    // Code that has been compiled, as that of a service that has run for a while.
    await sendSteadily({ ...scene.lists(service, 4), seconds: 5 });
    const { rate: capacity } = await sendSteadily({
      ...{ url: login.url, method: 'POST', body: JSON.stringify(body) },
      ...{ headers: { 'Content-Type': 'application/json' }, connections: 4, seconds: 4 },
    });
    const idle = await sendArrivalsApart(reads);

    const calls = () => metricOf(service, /^dynamodb_call_duration_seconds_count\{[^}]*\} (\d+)/gm);
    const called = await calls();
    const flooding = sendArrivalsApart({ ...login, perSecond: 10 * capacity }, GIVING_WAY);
    await sleep(2500);
    const during = await sendArrivalsApart(reads);
    const { statuses, errors } = await flooding;
    const { '200': served = 0, '503': refused = 0, ...others } = statuses;
    const { '200': read = 0, '503': unread = 0 } = during.statuses;
    // A read has one call, a login that is served three.
    const perRefusal = ((await calls()) - called - read - 3 * served) / refused;
    const back = await untilStatus(() => service.http.post('/api/login').send(body), 200);

    report(
      'login flood',
      `${Math.round(10 * capacity)}/s at a capacity of ${Math.round(capacity)}/s: ${served} served, ${refused} ` +
        `refused, ${errors} lost; ${read} reads served and ${unread} refused, p99 ${idle.p99.toFixed(1)} ms idle and ` +
        `${during.p99.toFixed(1)} ms in the flood: ${(during.p99 / idle.p99).toFixed(1)} times (target 3); a login is ` +
        `served ${seconds(back)} after; ${perRefusal.toFixed(1)} calls to DynamoDB a refusal; ` +
        `the service ${giveBackCores ? 'has a core of its own' : 'shares its cores with its clients'}`,
    );
    expect({ others, errors }).toEqual({ others: {}, errors: 0 });
    expect(served).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(served);
    // None but for those few whose place was taken on their way to the queue.
    expect(perRefusal).toBeLessThan(0.5);
    expect(during.errors).toBe(0);
    // How long they take depends on the machine: the line says it, and nothing is asserted.
    expect(read).toBeGreaterThan(unread);
  }, 90_000);
});
