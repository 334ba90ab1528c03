import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { DatabaseTime, type RequestContext, runInRequest } from '../common/request-context.js';
import { Database } from './database.js';

type Send = (command: { input: unknown }, options: { abortSignal: AbortSignal }) => Promise<unknown>;

function databaseOver(send: Send, budgetMs = 1000): Database {
  return new Database({ send } as unknown as DynamoDBDocumentClient, budgetMs);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** DynamoDB sets a request id on each of its answers. */
const answer = { $metadata: { requestId: 'a-1' } };

/** A client whose calls end after `ms`, whatever the signal says: the SDK ignores it between two attempts. */
function slow(ms: number): { send: Send; signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  return {
    signals,
    send: async (_command, { abortSignal }) => {
      signals.push(abortSignal);
      await sleep(ms);
      return answer;
    },
  };
}

/** The result of a call, and its duration in milliseconds of a clock that only this function moves. */
async function timed(call: Promise<unknown>): Promise<{ outcome: unknown; ms: number }> {
  const started = performance.now();
  const ended = call
    .catch((error: unknown) => error)
    .then((outcome) => ({ outcome, ms: Math.round(performance.now() - started) }));
  await jest.advanceTimersByTimeAsync(10_000);
  return ended;
}

const request = (): RequestContext => ({
  requestId: 'r-1',
  address: '192.0.2.7',
  databaseTime: new DatabaseTime(),
});
const key = { TableName: 'things', Key: { id: '1' } };
const anyReading = { TableName: 'things' };

describe('Database', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['get', GetCommand, (database: Database) => database.get(key), key],
    ['query', QueryCommand, (database: Database) => database.query(anyReading), anyReading],
    ['put', PutCommand, (d: Database) => d.put({ TableName: 't', Item: {} }), { TableName: 't', Item: {} }],
    ['delete', DeleteCommand, (database: Database) => database.delete(key), key],
    [
      'transactWrite',
      TransactWriteCommand,
      (database: Database) => database.transactWrite({ TransactItems: [] }),
      { TransactItems: [] },
    ],
  ])('sends what %s is given and gives the answer', async (_name, command, call, input) => {
    const sent: { input: unknown }[] = [];
    const database = databaseOver((given) => {
      sent.push(given);
      return Promise.resolve({ ...answer, Count: 1 });
    });
    expect(await call(database)).toEqual({ ...answer, Count: 1 });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toBeInstanceOf(command);
    expect(sent[0]?.input).toEqual(input);
  });

  it('throws the translation of what means "not now"', async () => {
    const cause = Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
    const error = await databaseOver(() => Promise.reject(cause))
      .get(key)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ cause });
  });

  it('throws every other error as it is', async () => {
    const refused = Object.assign(new Error('no'), { name: 'ConditionalCheckFailedException' });
    await expect(databaseOver(() => Promise.reject(refused)).put({ TableName: 't', Item: {} })).rejects.toBe(
      refused,
    );
  });

  it('takes an answer without a request id for none', async () => {
    await expect(databaseOver(() => Promise.resolve({ $metadata: {} })).get(key)).rejects.toMatchObject({
      name: 'UnavailableError',
      cause: { name: 'NoAnswerError' },
    });
  });

  it('gives up at the deadline, and tells the call', async () => {
    const { send, signals } = slow(400);
    const { outcome, ms } = await timed(databaseOver(send, 100).get(key));
    expect(outcome).toBeInstanceOf(UnavailableError);
    expect((outcome as Error).cause).toMatchObject({
      name: 'DeadlineError',
      message: 'No answer from the database within 100 ms',
    });
    expect(ms).toBe(100);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('leaves a call that has ended alone', async () => {
    const { send, signals } = slow(99);
    expect(await timed(databaseOver(send, 100).get(key))).toEqual({ outcome: answer, ms: 99 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives all calls of one request one budget', async () => {
    const { send, signals } = slow(120);
    const database = databaseOver(send, 300);
    const context = request();
    const calls = runInRequest(context, async () => {
      await database.get(key);
      await database.get(key);
      await database.get(key);
    });
    const { outcome, ms } = await timed(calls);
    expect(outcome).toBeInstanceOf(UnavailableError);
    expect(ms).toBe(300);
    expect(context.databaseTime.spentMs).toBeCloseTo(300, 0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, true]);
  });

  it('counts a failed call against the budget too', async () => {
    const context = request();
    const database = databaseOver(() => sleep(120).then(() => Promise.reject(new Error('no'))));
    const { outcome } = await timed(runInRequest(context, () => database.get(key)));
    expect(outcome).toEqual(new Error('no'));
    expect(context.databaseTime.spentMs).toBeCloseTo(120, 0);
  });

  it('gives no time to a request that has spent its budget', async () => {
    const { send } = slow(500);
    const context = request();
    context.databaseTime.begin();
    jest.advanceTimersByTime(1001);
    context.databaseTime.end();
    const { outcome, ms } = await timed(runInRequest(context, () => databaseOver(send).get(key)));
    expect(outcome).toBeInstanceOf(UnavailableError);
    expect(ms).toBeLessThanOrEqual(1);
  });

  it('gives each request a budget of its own, and each call outside of one', async () => {
    const { send } = slow(200);
    const database = databaseOver(send, 250);
    const inRequest = () => runInRequest(request(), () => database.get(key));
    const calls = [inRequest, inRequest, () => database.get(key), () => database.get(key)];
    for (const call of calls) expect(await timed(call())).toEqual({ outcome: answer, ms: 200 });
  });

  describe('and its circuit', () => {
    const open = { name: 'UnavailableError', cause: { name: 'CircuitOpenError' } };
    const silent: Send = () => new Promise(() => undefined);
    const withCircuit = (send: Send) =>
      new Database({ send } as unknown as DynamoDBDocumentClient, 1000, { pauseMs: 500 });

    /** Makes requests one after the other. Each has spent a part of its budget before. */
    async function ask(database: Database, times: number, spentMs: number): Promise<void> {
      for (let i = 0; i < times; i++) {
        const context = request();
        context.databaseTime.begin();
        jest.advanceTimersByTime(spentMs);
        context.databaseTime.end();
        await timed(runInRequest(context, () => database.get(key)));
      }
    }

    it('opens after five calls that were not answered in all of their time', async () => {
      const database = withCircuit(silent);
      await ask(database, 4, 0);
      // A call during the pause fails immediately.
      const last = database.get(key).catch(() => undefined);
      await jest.advanceTimersByTimeAsync(1000);
      await last;
      await expect(database.get(key)).rejects.toMatchObject(open);
    });

    it('stays closed however many requests have used up their budget for something else', async () => {
      const database = withCircuit(silent);
      await ask(database, 20, 600);
      await ask(database, 20, 1001);
      const { outcome } = await timed(database.get(key));
      expect((outcome as Error).cause).toMatchObject({ name: 'DeadlineError' });
    });

    it('stays closed for those who waited for a connection, and opens by those who had one', async () => {
      let sent = 0;
      const database = withCircuit(() => {
        sent++;
        return sleep(900).then(() => answer);
      });
      const outcomes = Promise.all(
        Array.from({ length: 300 }, () => database.get(key).catch((error: unknown) => error)),
      );
      await jest.advanceTimersByTimeAsync(5000);
      const failed = (await outcomes).filter((outcome) => outcome instanceof UnavailableError);
      expect(failed.length).toBeGreaterThan(100);
      expect(sent).toBeLessThan(300);
      expect(await timed(database.get(key))).toMatchObject({ outcome: answer });
    });
  });
});
