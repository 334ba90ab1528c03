import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  currentRequest,
  DatabaseTime,
  renewDatabaseBudget,
  type RequestContext,
  runInRequest,
} from './request-context.js';

const pass = (ms: number) => jest.advanceTimersByTime(ms);

describe('DatabaseTime', () => {
  let time: DatabaseTime;

  beforeEach(() => {
    jest.useFakeTimers();
    time = new DatabaseTime();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** A single call. */
  function call(ms: number): void {
    time.begin();
    pass(ms);
    time.end();
  }

  it('is nothing at first, and while nobody calls', () => {
    expect(time.spentMs).toBe(0);
    pass(100);
    expect(time.spentMs).toBe(0);
  });

  it('adds up calls in a row, without the time between them', () => {
    call(30);
    pass(1000);
    call(12);
    expect(time.spentMs).toBe(42);
  });

  it('counts a call that is under way', () => {
    call(30);
    time.begin();
    pass(10);
    expect(time.spentMs).toBe(40);
    pass(10);
    expect(time.spentMs).toBe(50);
    time.end();
    pass(10);
    expect(time.spentMs).toBe(50);
  });

  it('counts calls at the same time once', () => {
    for (let i = 0; i < 3; i++) time.begin();
    pass(50);
    for (let i = 0; i < 3; i++) time.end();
    expect(time.spentMs).toBe(50);
  });

  it('counts calls that overlap from the first beginning to the last end', () => {
    time.begin();
    pass(20);
    time.begin();
    pass(20);
    time.end();
    pass(20);
    expect(time.spentMs).toBe(60);
    time.end();
    pass(20);
    call(5);
    expect(time.spentMs).toBe(65);
  });

  it('begins anew when it is renewed, between calls', () => {
    call(30);
    time.renew();
    expect(time.spentMs).toBe(0);
    pass(10);
    expect(time.spentMs).toBe(0);
    call(5);
    expect(time.spentMs).toBe(5);
  });

  it('counts what is under way from then on when it is renewed', () => {
    time.begin();
    pass(30);
    time.renew();
    pass(7);
    expect(time.spentMs).toBe(7);
    time.end();
    expect(time.spentMs).toBe(7);
  });
});

describe('the current request', () => {
  const request = (requestId: string): RequestContext => ({
    ...{ requestId, address: '192.0.2.7', databaseTime: new DatabaseTime() },
  });

  it('is none outside of one', () => {
    expect(currentRequest()).toBeUndefined();
    expect(() => renewDatabaseBudget()).not.toThrow();
  });

  it('is the own one wherever one is, and none afterwards', async () => {
    const contexts = [request('a'), request('b')];
    const seen = await Promise.all(
      contexts.map((context) =>
        runInRequest(context, async () => {
          await turn();
          return currentRequest();
        }),
      ),
    );
    expect(seen[0]).toBe(contexts[0]);
    expect(seen[1]).toBe(contexts[1]);
    expect(currentRequest()).toBeUndefined();
  });

  it('is given its whole time again, and no other is', () => {
    jest.useFakeTimers();
    const [one, other] = [request('a'), request('b')];
    for (const { databaseTime } of [one, other]) {
      databaseTime.begin();
      pass(20);
      databaseTime.end();
    }
    runInRequest(one, renewDatabaseBudget);
    jest.useRealTimers();
    expect([one.databaseTime.spentMs, other.databaseTime.spentMs]).toEqual([0, 20]);
  });
});
