import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { expectProblem } from './problems.js';
import { type LogLine, startTestApp, type TestApp } from './test-app.js';

/** A store of limits that can be taken away. */
export interface LimitStoreStub {
  /** Of the instances that count in it. */
  readonly environment: Record<string, string>;
  /** What the log says when it is away, and when it is back. */
  readonly away: string;
  readonly back: string;
  /** Under the load of a test it may answer too late, which is being away. */
  readonly isSlowUnderLoad?: true;
  /** Stands between an application and the store, where the store is no process. */
  attach?(app: TestApp): void;
  /** Before each test. */
  prepare?(): void;
  /** Lets it fail at once. */
  stop(): Promise<void> | void;
  start(): Promise<void> | void;
  /** Lets it answer nothing. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const WRONG = 'wrong password';
/** What a request that waits for the store once may take longer. */
const SOON_MS = 2000;

const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const newEmail = () => `${randomUUID()}@example.com`;
const times = (count: number, status: number) => Array<number>(count).fill(status);

/**
 * What holds of limits that two instances count together, whatever they count in.
 *
 * @param open gives the store, which can be asked
 */
export function expectSharedLimits(open: () => Promise<LimitStoreStub>): void {
  let store: LimitStoreStub;
  let one: TestApp;
  let two: TestApp;
  let both: TestApp[];

  beforeAll(async () => {
    store = await open();
    const environment = { RATE_LIMIT: 'on', TRUST_PROXY: '1', ...store.environment };
    one = await startTestApp(environment);
    two = await startTestApp(environment, one);
    both = [one, two];
    for (const app of both) store.attach?.(app);
  });

  afterAll(async () => {
    await two.close();
    await one.close();
    await store.close();
  });

  beforeEach(async () => {
    store.prepare?.();
    await untilShared();
  });

  const login = ({ http }: TestApp, address: string, email = newEmail(), password = WRONG) =>
    http.post('/api/login').set('X-Forwarded-For', address).send({ email, password });
  const register = ({ http }: TestApp, address: string, email = newEmail()) =>
    http
      .post('/api/register')
      .set('X-Forwarded-For', address)
      .send({ email, password: 'correct horse battery' });

  /** Until what one instance counts shows in the answers of the other. */
  async function untilShared(): Promise<void> {
    for (const end = performance.now() + 15_000; performance.now() < end; await sleep(50)) {
      const address = newAddress();
      const answers = [await login(one, address), await login(two, address), await login(one, address)];
      const left = answers.map(({ headers }) => String(headers['ratelimit']).split(';')[1]);
      if (left.join() === 'r=9,r=8,r=7') return;
    }
    throw new Error('The instances do not count together');
  }
  /** Until both have noticed that the store is away, which some stores tell by requests only. */
  async function untilAway(since: number[]): Promise<void> {
    const isAway = ({ logs }: TestApp, i: number) =>
      logs.slice(since[i]).some(({ msg }) => msg === store.away);
    for (const end = performance.now() + 15_000; !both.every(isAway); await sleep(50)) {
      if (performance.now() > end) throw new Error('The instances do not notice that the store is away');
      await Promise.all(both.map((app) => login(app, newAddress())));
    }
  }
  const now = () => both.map(({ logs }) => logs.length);
  const changes = (since: number[]) =>
    both.map(({ logs }, i) =>
      logs.slice(since[i]).filter(({ msg }: LogLine) => msg === store.away || msg === store.back),
    );
  const statusesOf = async (count: number, request: (i: number) => PromiseLike<{ status: number }>) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++) statuses.push((await request(i)).status);
    return statuses;
  };

  it('are counted by all instances together', async () => {
    const [address, email] = [newAddress(), newEmail()];

    const registered = await statusesOf(6, (i) => register(both[i % 2] as TestApp, address));
    const guessed = await statusesOf(6, (i) => login(both[i % 2] as TestApp, newAddress(), email));
    const refused = await register(two, address);

    expect(registered).toEqual([...times(5, 201), 429]);
    expect(guessed).toEqual(times(6, 401));
    expectProblem(refused, { status: 429, detail: 'Too many requests', instance: '/api/register' });
    expect(refused.headers['ratelimit']).toMatch(/^"register";r=0;t=(60|5\d)$/);
    expect(await statusesOf(6, (i) => login(both[i % 2] as TestApp, newAddress(), email))).toEqual([
      ...times(4, 401),
      ...times(2, 429),
    ]);
  });

  it('cannot be exceeded by simultaneous guesses at several instances', async () => {
    const [email, address] = [newEmail(), newAddress()];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => login(both[i % 2] as TestApp, address, email)),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([...times(5, 401), ...times(45, 429)]);
  });

  it('know at one instance the address at which the owner logged in at another', async () => {
    const [email, home] = [newEmail(), newAddress()];
    await register(one, newAddress(), email).expect(201);
    await login(one, home, email, 'correct horse battery').expect(200);

    expect(await statusesOf(11, () => login(two, newAddress(), email))).toEqual([...times(10, 401), 429]);
    await login(two, home, email, 'correct horse battery').expect(200);
  });

  it('are half as wide at each instance while the store is stopped, and shared again when it is back', async () => {
    const [email, address, since] = [newEmail(), newAddress(), now()];
    await store.stop();
    try {
      await untilAway(since);
      for (const app of both) {
        expect(await statusesOf(6, () => login(app, address))).toEqual([...times(5, 401), 429]);
        expect(await statusesOf(3, () => login(app, newAddress(), newEmail()))).toEqual(times(3, 401));
        expect(await statusesOf(3, () => register(app, address))).toEqual([201, 201, 429]);
      }
      const guesses = await statusesOf(8, () => login(one, newAddress(), email));
      expect(guesses).toEqual([...times(5, 401), ...times(3, 429)]);
      await one.http.get('/api/health').expect(200);
    } finally {
      await store.start();
    }

    await untilShared();
    expect(changes(since)).toEqual([
      [
        expect.objectContaining({ msg: store.away, level: 'error' }),
        expect.objectContaining({ msg: store.back }),
      ],
      [
        expect.objectContaining({ msg: store.away, level: 'error' }),
        expect.objectContaining({ msg: store.back }),
      ],
    ]);
  });

  it('hold, and requests are answered, while the store hangs', async () => {
    const [address, since] = [newAddress(), now()];
    // What they take on this machine, now, with the store.
    const startedBefore = performance.now();
    await statusesOf(7, () => login(one, address));
    const limitMs = SOON_MS + 2 * (performance.now() - startedBefore);
    store.pause();
    try {
      const started = performance.now();
      const first = await Promise.all(both.map((app) => login(app, newAddress())));
      expect(first.map(({ status }) => status)).toEqual([401, 401]);
      expect(performance.now() - started).toBeLessThan(limitMs);

      await untilAway(since);
      const startedThen = performance.now();
      expect(await statusesOf(7, () => login(one, address))).toEqual([...times(5, 401), 429, 429]);
      // No request waits for it any more.
      expect(performance.now() - startedThen).toBeLessThan(limitMs);
    } finally {
      store.resume();
    }
    await untilShared();
    expect(changes(since).map((lines) => lines.map(({ msg }) => msg))).toEqual([
      [store.away, store.back],
      [store.away, store.back],
    ]);
  });

  it('fail nothing and let nothing through while the store stops and starts under load', async () => {
    const since = now();
    const email = newEmail();
    const guesses: number[] = [];
    const others: number[] = [];
    const client = async (i: number) => {
      const app = both[i % 2] as TestApp;
      for (let j = 0; j < 20; j++) {
        guesses.push((await login(app, newAddress(), email)).status);
        others.push((await register(app, newAddress())).status);
      }
    };

    const load = Promise.all(Array.from({ length: 10 }, (_, i) => client(i)));
    await sleep(100);
    await store.stop();
    await sleep(500);
    await store.start();
    await load;

    expect(others).toEqual(times(200, 201));
    expect(guesses.filter((status) => status !== 429 && status !== 401)).toEqual([]);
    // 10 for all, then 5 at each instance on its own, then 10 again, where the store comes back empty.
    expect(guesses.filter((status) => status === 401).length).toBeLessThanOrEqual(10 + 2 * 5 + 10);
    await untilShared();
    for (const lines of changes(since)) {
      const pairs = store.isSlowUnderLoad ? lines.length / 2 : 1;
      expect(lines.map(({ msg }) => msg)).toEqual(Array(pairs).fill([store.away, store.back]).flat());
    }
    const failures = both.flatMap(({ logs }, i) =>
      logs.slice(since[i]).filter(({ level, msg }) => level === 'error' && msg !== store.away),
    );
    expect(failures).toEqual([]);
  }, 90_000);
}
